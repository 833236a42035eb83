"""Words in the corner: news only, one for many, and not for who does not want them."""

from types import SimpleNamespace

from screen_text import screen_text, settled
from tui_fleets import NOW, Story

from console.config import AlertConfig
from console.settings import SettingsFile


def told(pilot) -> list[tuple[str, str]]:
    return [(item.title, item.message) for item in pilot.app._notifications]


def story(*states: tuple[str, str]) -> Story:
    made = Story()
    made.host("gpu1")
    for worker, state in states:
        made.worker(worker, "gpu1", state)
    return made


async def look(pilot, then: Story, clock: list[float], seconds: float = 20.0) -> None:
    clock[0] += seconds
    pilot.app.source.becomes(then.fleet)
    pilot.app.repaint()
    await settled(pilot)


async def test_what_ends_while_somebody_looks_is_told_in_the_corner(opened):
    clock = [NOW]
    before = story(("old", "finished"), ("a", "training"), ("b", "training"), ("c", "training"))
    async with opened(before, clock=lambda: clock[0]) as pilot:
        assert told(pilot) == []
        await look(pilot, before, clock)
        assert told(pilot) == []
        await look(pilot, story(("old", "finished"), ("a", "finished"), ("b", "training"), ("c", "training")), clock)
        assert [title for title, _text in told(pilot)] == ["a: finished"]
        await look(pilot, story(("old", "finished"), ("a", "finished"), ("b", "finished"), ("c", "finished")), clock)
        assert ("2 things happened", "b: finished\nc: finished") in told(pilot)


async def test_nothing_is_told_to_who_does_not_want_it(opened, tmp_path):
    clock, settings = [NOW], SettingsFile(tmp_path)
    async with opened(story(("a", "training")), clock=lambda: clock[0], settings=settings) as pilot:
        pilot.app.action_toasts()
        await look(pilot, story(("a", "training")), clock)
        await look(pilot, story(("a", "finished")), clock)
        assert told(pilot) == []
    assert SettingsFile(tmp_path).value.toasts is False


async def test_the_terminal_rings_only_where_that_is_configured(opened, monkeypatch):
    clock, written = [NOW], []
    async with opened(story(("a", "training"), ("b", "training")), clock=lambda: clock[0]) as pilot:
        monkeypatch.setattr(type(pilot.app._driver), "write", lambda _self, text: written.append(text))
        await look(pilot, story(("a", "finished"), ("b", "training")), clock)
        assert len(told(pilot)) == 1 and not any("\x1b]9;" in text for text in written)
        loud, high = AlertConfig(terminal="osc9", level="note"), AlertConfig(terminal="bell", level="error")
        pilot.app.setup = SimpleNamespace(config=SimpleNamespace(alerts={"loud": loud, "high": high}))
        await look(pilot, story(("a", "finished"), ("b", "finished")), clock)
        assert "\x1b]9;b: finished \a" in written and "\a" not in written
        pilot.app.setup = None


async def test_alerts_are_tried_out_from_the_screen(opened, monkeypatch):
    written = []
    async with opened(story(("a", "training"))) as pilot:
        pilot.app.action_test_alerts()
        await settled(pilot)
        assert "no way to tell anybody is configured" in screen_text(pilot.app)
        monkeypatch.setattr(type(pilot.app._driver), "write", lambda _self, text: written.append(text))
        ways = {"mine": AlertConfig(command=("true",)), "here": AlertConfig(terminal="osc9")}
        pilot.app.setup = SimpleNamespace(config=SimpleNamespace(alerts=ways))
        pilot.app.action_test_alerts()
        await settled(pilot)
        assert ("test alerts", ("mine",)) in pilot.app.actions.asked
        assert any("\x1b]9;a test of alerts.here\a" in text for text in written)
