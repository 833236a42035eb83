"""How the screen looks, cell by cell and colour by colour. After a meant change: pytest tests/tui --snapshot-update."""

import pytest
from screen_text import settled
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from tui_fleets import busy, filling, fresh, racing, won


class Svg(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


SIZES = {"80x24": (80, 24), "120x36": (120, 36), "200x50": (200, 50)}
STORIES = {"fresh": fresh, "racing": racing, "won": won, "busy": busy, "filling": filling}


@pytest.fixture
def picture(snapshot):
    return snapshot.use_extension(Svg)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("story", STORIES)
async def test_fleet(opened, picture, story, size):
    async with opened(STORIES[story](), SIZES[size]) as pilot:
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize("size", ["80x24", "120x36"])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("criteria", ["right_square_bracket"]),
        ("worker", ["enter"]),
        ("worker-log", ["enter", "right_square_bracket"]),
        ("stop", ["x"]),
        ("race", ["R"]),
        ("help", ["question_mark"]),
        ("pull", ["p"]),
    ],
)
async def test_views(opened, picture, name, keys, size):
    async with opened(racing(), SIZES[size]) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize(
    "more", [{"ascii": True}, {"theme": "light"}, {"readonly": True}], ids=lambda more: next(iter(more))
)
async def test_other_looks(opened, picture, more):
    async with opened(busy(), (120, 36), **more) as pilot:
        assert pilot.app.export_screenshot() == picture


async def test_without_colours(opened, picture, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(busy(), (120, 36)) as pilot:
        assert pilot.app.export_screenshot() == picture


async def test_too_small(opened, picture):
    async with opened(busy(), (50, 10)) as pilot:
        assert pilot.app.export_screenshot() == picture
