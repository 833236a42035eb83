"""Every key of every screen does something that can be seen; help, foot and palette name the same keys."""

from contextlib import nullcontext

import pytest
from screen_text import screen_text, settled
from setups import ToldSetup
from test_hosts_page import until
from textual.screen import ModalScreen, Screen
from textual.widgets import Input
from tui_fleets import FakeActions
from ways import ELSEWHERE, PANES, WAYS, classes_with_keys, keys_of, picture, told

from console.screens.help import groups_of
from console.screens.hints import hints_of
from console.screens.keys import key_name
from console.screens.offers import offers
from console.screens.palette import possible

CONFIG = """[hosts.here]
[hosts.gpu1]
ssh = "gpu1"
[workers.attention]
host = "here"
trainer = "persistence-attention"
"""
ROUNDS = 4  # a key may need what another one did: k does nothing before j


@pytest.fixture
def setup(tmp_path, monkeypatch):
    monkeypatch.setattr("console.screens.new.presets", lambda: ["persistence-attention"])
    (tmp_path / "ssh_config").write_text("Host a\nHost b\nHost c\n" + "".join(f"Host h{n}\n" for n in range(60)))
    monkeypatch.setattr("console.editing.sshhosts.ssh_file", lambda: tmp_path / "ssh_config")
    (tmp_path / "config.toml").write_text(CONFIG)
    return ToldSetup(tmp_path / "config.toml")


async def go(pilot, way) -> Screen:
    """From wherever we are to the end of the way."""
    while len(pilot.app.screen_stack) > 1:
        await pilot.app.pop_screen()
    for box in pilot.app.screen.query("Input"):
        box.value, box.display = "", False
    pilot.app.screen.table.focus()
    pilot.app.settings.change(wrap=False, stamps=True)  # a log that is opened again has what was chosen before
    await pilot.press(*way.keys)
    await settled(pilot)
    await until(pilot, lambda: way.ready in screen_text(pilot.app))
    return pilot.app.screen


def seen(pilot) -> tuple[object, ...]:
    """What a person could notice."""
    app = pilot.app
    focus = app.focused.id if app.focused else None
    asked = (tuple(app.actions.asked), app.left, app.clipboard, app.settings.value)
    return (len(app.screen_stack), type(app.screen), focus, *asked, screen_text(app), under_the_cursor(app))


def under_the_cursor(app) -> list[object]:
    """Where the ground is another one; of a box that is typed into it blinks."""
    if isinstance(app.focused, Input):
        return []
    strips = app.screen._compositor.render_strips()
    return [(segment.style and segment.style.bgcolor, len(segment.text)) for strip in strips for segment in strip]


@pytest.mark.parametrize("name", WAYS)
async def test_every_key_does_something_and_is_named(opened, setup, name, monkeypatch):
    way, actions = WAYS[name], FakeActions()
    actions.file = picture()
    async with opened(way.story(), way.size, setup=setup, actions=actions) as pilot:
        app = pilot.app
        app.left = 0
        monkeypatch.setattr(app, "exit", lambda *what, **more: setattr(app, "left", app.left + 1))
        monkeypatch.setattr(app, "suspend", nullcontext)
        screen = await go(pilot, way)
        agree(screen, screen_text(app))
        focused = screen.focused
        left = [(cls, key) for cls in way.owns for key in keys_of(cls) if key not in way.idle]
        for _ in range(ROUNDS):
            for cls, key in [*left]:
                if app.screen is not screen or screen.focused is not focused:
                    screen = await go(pilot, way)
                    focused = screen.focused
                await pilot.press(*way.first.get(key, ()))
                active = screen.active_bindings.get(key)
                assert active is not None and active.enabled, f"{key} of {cls.__name__} does not work here"
                before = seen(pilot)
                await pilot.press(key)
                await pilot.pause()
                if seen(pilot) != before:
                    left.remove((cls, key))
        assert not left, f"{[(cls.__name__, key) for cls, key in left]} do nothing\n{screen_text(app)}"


def agree(screen, text) -> None:
    """Help, foot and palette name the keys that work."""
    enabled = [item for item in screen.active_bindings.values() if item.enabled and not item.binding.system]
    working = {key_name(item.binding.key) for item in enabled}
    if isinstance(screen, ModalScreen):  # its keys stand in its frame
        assert "Esc" in text and all(key in text for key, _ in hints_of(screen, ()))
        return
    helped = {key for group in groups_of(screen).values() for keys, _, _ in group for key in keys.split()}
    for item in enabled:
        if item.binding.description:
            assert ("1…9" if item.binding.action.startswith("pane(") else key_name(item.binding.key)) in helped
    assert helped - {"1…9"} <= working, "help names a key that does nothing"
    offered = {key_name(key) for item in possible(screen) for key in item.keys}
    assert helped - offered <= {"1…9", ":", "ctrl+p"}, "a key that the palette does not offer"
    foot = screen.hints()
    assert foot and {key for key, _ in foot} <= working


def test_every_class_with_keys_is_on_a_way():
    owned = {cls for way in WAYS.values() for cls in way.owns}
    assert not {cls.__name__ for cls in classes_with_keys() if cls not in owned} - ELSEWHERE.keys()
    idle = [(cls, key) for way in WAYS.values() for cls in way.owns for key in way.idle if key not in PANES]
    for cls, key in idle:
        assert any(cls in way.owns and key not in way.idle for way in WAYS.values()), f"{key} is idle everywhere"


@pytest.mark.parametrize("key", ["o", "A", "left", "full_stop"])
async def test_what_the_palette_offers_is_done_where_its_key_is(opened, key):
    async with opened(told(), (80, 24)) as pilot:
        await pilot.press("c")
        await settled(pilot)
        screen, before = pilot.app.screen, screen_text(pilot.app)
        item = next(item for item in offers(screen) if key in item.keys)
        await pilot.press("ctrl+p", *("space" if letter == " " else letter for letter in item.name), "enter")
        await settled(pilot)
        assert pilot.app.screen is screen
        assert screen_text(pilot.app) != before
