"""Fleet and host, cell by cell, in the sizes and themes that people have. Look at them before accepting a change."""

import pytest
from screen_text import settled
from test_actions import until
from test_snapshots import Svg
from tui_fleets import busy, crowded, large

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x50": (200, 50)}
VIEWS = {"fleet": (busy, []), "host": (crowded, ["1", "enter"])}

MORE = {"columns": ["C"], "check": ["1", "enter", "T"], "link": ["1", "enter", "left_square_bracket"]}


@pytest.fixture
def picture(snapshot):
    return snapshot.use_extension(Svg)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS)
async def test_views(opened, picture, view, size, theme):
    story, keys = VIEWS[view]
    async with opened(story(), SIZES[size], theme=theme) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize("theme", ["contrast", "colour-blind"])
async def test_other_themes(opened, picture, theme):
    async with opened(busy(), (120, 40), theme=theme) as pilot:
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize(
    "keys", [["C"], ["1", "enter", "T"], ["1", "enter", "left_square_bracket"]], ids=["C", "T", "link"]
)
async def test_more_of_them(opened, picture, keys):
    async with opened(crowded(), (120, 40)) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        known = pilot.app.known_hosts.get("gpu1")
        await until(pilot, lambda: known is None or known.trips or (known.examined and known.examined.done))
        pilot.app.repaint()
        await settled(pilot)
        assert pilot.app.export_screenshot() == picture


async def test_a_hundred_hosts(opened, picture):
    async with opened(large(), (120, 40)) as pilot:
        assert pilot.app.export_screenshot() == picture


async def test_monochrome(opened, picture, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(crowded(), (120, 40)) as pilot:
        await pilot.press("1", "enter")
        await settled(pilot)
        assert pilot.app.export_screenshot() == picture
