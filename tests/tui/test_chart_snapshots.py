"""How charts, comparison, standings and pictures look. After a meant change: pytest tests/tui --snapshot-update."""

import pytest
from chart_stories import hostile, many, png
from screen_text import screen_text, settled
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from test_actions import until
from tui_fleets import FakeActions, fresh, racing, won

TAG = ["j", "j", *["space"] * 5]
VIEWS = {
    "worker": (racing, ["enter", "left", "left", "left", "m"]),
    "compare": (many, [*TAG, "c"]),
    "compare-many": (many, ["j", "j", *["space"] * 12, "c", "j", "j"]),
    "settings": (many, [*TAG, "c", "right_square_bracket"]),
    "race": (won, ["v"]),
}
SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x50": (200, 50)}


class Svg(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def picture(snapshot):
    return snapshot.use_extension(Svg)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", VIEWS)
async def test_view(opened, picture, name, size):
    story, keys = VIEWS[name]
    async with opened(story(), SIZES[size]) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize(
    ("name", "story", "keys", "more"),
    [
        ("light", racing, ["enter", "left"], {"theme": "light"}),
        ("ascii", racing, ["enter", "m"], {"ascii": True}),
        ("hostile", hostile, ["enter"], {}),
        ("rule", fresh, ["v"], {}),
        ("picker", racing, ["enter", "M"], {}),
        ("one-chart", racing, ["enter", "enter", "plus", "left", "y"], {}),
    ],
)
async def test_other_looks(opened, picture, name, story, keys, more):
    async with opened(story(), (120, 40), **more) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        assert pilot.app.export_screenshot() == picture


async def test_without_colours_curves_are_told_apart_by_pattern_and_letter(opened, picture, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(many(), (120, 40)) as pilot:
        await pilot.press(*TAG, "c", "right", "tab", "enter")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert all(mark in text for mark in ("a━━", "b╍╍", "c┈┈", "d━┈"))
        assert pilot.app.export_screenshot() == picture


async def test_a_picture(opened, picture):
    actions = FakeActions()
    actions.file = png()
    async with opened(won(), (80, 24), actions=actions) as pilot:
        await pilot.press("i")
        await until(pilot, lambda: "▀▀▀▀" in screen_text(pilot.app))
        assert pilot.app.export_screenshot() == picture
