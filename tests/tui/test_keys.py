"""Every key that the help names does what it says; a key without a case here fails the test at the end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from screen_text import screen_text, settled
from textual.command import CommandPalette
from tui_fleets import FakeActions, busy, key_of, racing

from console.screens.compare import CompareScreen
from console.screens.fleet import FleetScreen
from console.screens.help import HelpScreen
from console.screens.logs import LogsScreen
from console.screens.pick import Pick
from console.screens.pull import PullDialog
from console.screens.race import RaceDialog
from console.screens.standings import StandingsScreen
from console.screens.stop import StopDialog
from console.screens.worker import WorkerScreen


def table(app):
    return app.screen_stack[0].table


def selected(app):
    return table(app).selected.worker


async def asked(app, *wanted):
    for _ in range(200):
        if app.actions.asked:
            break
        await asyncio.sleep(0.01)
    assert app.actions.asked == [*wanted]


Check = Callable[..., Awaitable[None]]


def after(worker: str) -> Check:
    async def check(app):
        assert selected(app) == worker

    return check


def screen(kind: type) -> Check:
    async def check(app):
        assert isinstance(app.screen, kind)

    return check


def focus(name: str) -> Check:
    async def check(app):
        assert app.focused.id == name

    return check


def log_is(**wanted: bool) -> Check:
    async def check(app):
        pane = app.screen.query_one("#log")
        assert {name: getattr(pane, name) for name in wanted} == wanted

    return check


def scrolled(name: str, wanted: Callable[[int, int], bool]) -> Check:
    async def check(app):
        pane = app.screen.query_one(name)
        assert wanted(pane.scroll_offset.y, pane.max_scroll_y)

    return check


async def started(app):
    await asked(app, ("start", ("transformer",)))


async def resumed(app):
    await asked(app, ("resume", (str(key_of("magvit", "gpu1")),)))


async def tagged(app):
    assert [row.worker for row in table(app).marked] == ["attention"]
    assert selected(app) == "pretrained"


async def left(app):
    assert not app.is_running or app._exit


async def palette(app):
    assert isinstance(app.screen, CommandPalette)


async def untagged(app):
    assert table(app).tags == 0


async def tried_again(app):
    assert "trying gpu2 again" in screen_text(app)


def order_is(*wanted: str) -> Check:
    async def check(app):
        assert tuple(row.worker for row in table(app)._rows)[: len(wanted)] == wanted

    return check


def sorted_by(column: str, *, downward: bool) -> Check:
    async def check(app):
        kept = app.settings.value
        assert (kept.sort, kept.downward) == (column, downward)
        assert ("▾" if downward else "▴") in screen_text(app) or not column

    return check


async def tall(app):
    assert "the tables show everything already" in screen_text(app) and app.settings.value.taller == 0


async def small(app):
    assert app.settings.value.taller < 0 and table(app).size.height == 9


async def all_shown(app):
    assert "so few hosts are always all shown" in screen_text(app)


async def without_setup(app):  # what they do with one: test_new_page, test_edit_page, test_hosts_page
    assert "no configuration behind this screen" in screen_text(app)


TRANSFORMER, MAGVIT = ["j"] * 4, ["j"] * 3
# where: keys that lead there; then key → (keys before it, what holds after it)
FLEET: dict[str, tuple[list[str], Check]] = {
    "s": (TRANSFORMER, started),
    "x": ([], screen(StopDialog)),
    "r": (MAGVIT, resumed),
    "R": ([], screen(RaceDialog)),
    "p": ([], screen(PullDialog)),
    "enter": ([], screen(WorkerScreen)),
    "l": ([], focus("log")),
    "L": ([], screen(LogsScreen)),
    "slash": ([], focus("filter")),
    "left_square_bracket": (["right_square_bracket"], focus("workers")),
    "right_square_bracket": ([], focus("workers")),
    "tab": ([], focus("log")),
    "shift+tab": (["tab"], focus("workers")),
    "f": ([], log_is(following=False)),
    "w": ([], log_is(wrapping=True)),
    "t": ([], log_is(stamps=False)),
    "u": ([], tried_again),
    "c": ([], screen(CompareScreen)),
    "v": ([], screen(StandingsScreen)),
    "i": ([], screen(WorkerScreen)),
    "d": ([], screen(WorkerScreen)),
    "C": ([], screen(Pick)),
    "o": ([], sorted_by("worker", downward=False)),
    "O": (["S"], sorted_by("state", downward=True)),
    "W": ([], order_is("attention", "eegnex", "foreign")),
    "S": ([], order_is("transformer", "slowfast", "attention")),
    "H": ([], order_is("magvit", "attention", "pretrained", "i3d", "imagenet")),
    "z": ([], all_shown),
    "plus": ([], tall),
    "minus": ([], small),
    **{key: ([], without_setup) for key in "neh"},
    "escape": (["space"], untagged),
    "q": ([], left),
    "ctrl+c": ([], left),
    "ctrl+q": ([], left),
    "question_mark": ([], screen(HelpScreen)),
    "colon": ([], palette),
    "ctrl+p": ([], palette),
    "j": ([], after("pretrained")),
    "down": ([], after("pretrained")),
    "k": (["j", "j"], after("pretrained")),
    "up": (["j", "j"], after("pretrained")),
    "g": (["G"], after("attention")),
    "home": (["G"], after("attention")),
    "G": ([], after("foreign")),
    "end": ([], after("foreign")),
    "pagedown": ([], after("foreign")),
    "pageup": (["G"], after("attention")),
    "space": ([], tagged),
    "1": ([], focus("hosts")),
    "2": (["1"], focus("workers")),
    "3": ([], focus("log")),
    "4": ([], focus("side-criteria")),
    "5": ([], focus("side-chart")),
    **{str(n): ([], focus("workers")) for n in range(6, 10)},
}
LOG: dict[str, tuple[list[str], Check]] = {
    "k": ([], log_is(following=False)),
    "up": ([], log_is(following=False)),
    "j": (["g"], scrolled("#log", lambda y, _: y == 1)),
    "down": (["g"], scrolled("#log", lambda y, _: y == 1)),
    "g": ([], scrolled("#log", lambda y, _: y == 0)),
    "home": ([], scrolled("#log", lambda y, _: y == 0)),
    "G": (["g"], scrolled("#log", lambda y, most: y == most > 0)),
    "end": (["g"], scrolled("#log", lambda y, most: y == most > 0)),
    "pageup": ([], log_is(following=False)),
    "pagedown": (["g"], scrolled("#log", lambda y, _: y > 1)),
    "left": (["h"], scrolled("#log", lambda y, most: y == most)),
    "right": ([], scrolled("#log", lambda y, most: y == most)),
    "enter": ([], screen(LogsScreen)),
    "l": ([], screen(LogsScreen)),
    "h": ([], scrolled("#log", lambda y, most: y == most)),
}


@pytest.mark.parametrize("key", FLEET)
async def test_fleet_keys(opened, key):
    before, check = FLEET[key]
    async with opened(busy(), (120, 36), actions=FakeActions()) as pilot:
        await pilot.press(*before, key)
        await settled(pilot)
        await check(pilot.app)


@pytest.mark.parametrize("key", LOG)
async def test_log_keys(opened, key):
    before, check = LOG[key]
    async with opened(racing(), (80, 24)) as pilot:
        await pilot.press("l", *before, key)
        await settled(pilot)
        await check(pilot.app)


async def test_attach_gives_the_terminal_away_and_comes_back(opened, monkeypatch):
    from contextlib import nullcontext

    async with opened(racing()) as pilot:
        monkeypatch.setattr(pilot.app, "suspend", nullcontext)
        await pilot.press("a")
        await settled(pilot)
        assert pilot.app.actions.asked == [("attach", (str(key_of("attention", "here")),))]
        assert "back from the session" in screen_text(pilot.app)


async def test_attach_where_it_cannot_be_done_says_so(opened):
    async with opened(racing()) as pilot:
        await pilot.press("a")
        await settled(pilot)
        assert "cannot attach" in screen_text(pilot.app)


async def test_suspend_asks_the_driver(opened, monkeypatch):
    called = []
    async with opened(racing()) as pilot:
        monkeypatch.setattr(pilot.app, "action_suspend_process", lambda: called.append(True))
        await pilot.press("ctrl+z")
        await settled(pilot)
    assert called


async def test_worker_screen_keys(opened):
    async with opened(racing()) as pilot:
        app = pilot.app
        await pilot.press("enter")
        tabs = ("overview", "log", "events", "settings", "pictures")
        for key, shown in (
            ("right_square_bracket", "log"),
            ("right_square_bracket", "events"),
            ("left_square_bracket", "log"),
        ):
            await pilot.press(key)
            await settled(pilot)
            assert [tab for tab in tabs if app.screen.query_one(f"#{tab}").display] == [shown]
        await pilot.press("f", "w", "t")
        await settled(pilot)
        await log_is(following=False, wrapping=True, stamps=False)(app)
        await pilot.press("l")
        await settled(pilot)
        assert isinstance(app.screen, LogsScreen)
        await pilot.press("q")
        await settled(pilot)
        await pilot.press("slash")
        await settled(pilot)
        assert "esc, then /" in screen_text(app)
        await pilot.press("x")
        await settled(pilot)
        assert isinstance(app.screen, StopDialog)
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert isinstance(app.screen, FleetScreen)
        await pilot.press("enter", "q")
        await settled(pilot)
        assert isinstance(app.screen, FleetScreen)


async def test_escape_never_quits(opened):
    async with opened(racing()) as pilot:
        await pilot.press(*["escape"] * 5)
        await settled(pilot)
        assert pilot.app.is_running and not pilot.app._exit


LIBRARY = {"ctrl+pageup", "ctrl+pagedown", "super+c"}  # the terminal library's own, not ours to test
SEPARATE = {"a", "ctrl+z"}  # have tests of their own above


async def test_every_key_on_offer_has_a_case_here(opened):
    async with opened(busy()) as pilot:
        assert offered(pilot.app) - LIBRARY - SEPARATE <= FLEET.keys() | {"left", "right"}
        await pilot.press("l")
        await settled(pilot)
        assert offered(pilot.app) - LIBRARY - SEPARATE - FLEET.keys() <= LOG.keys() | {"0"}


def offered(app) -> set[str]:
    return {item.binding.key for item in app.screen.active_bindings.values() if not item.binding.system}
