"""Keys that are pasted, or typed before a screen stands, mean what they would mean if they were typed slowly."""

import pytest
from screen_text import screen_text, settled
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input
from tui_fleets import FakeActions, busy
from ways import told

from console.screens.fleet import FleetScreen
from console.screens.host import HostScreen
from console.screens.logs import LogsScreen
from console.screens.pick import Pick
from console.screens.worker import WorkerScreen

WORD = "sxRka"  # each of them would do something to a worker


async def paste(pilot, *keys):
    """All of them at once, as a terminal hands over what was pasted."""
    for key in keys:
        one = len(key) == 1
        pilot.app.post_message(events.Key(_character_to_key(key) if one else key, key if one else None))
    for _ in range(200):
        await settled(pilot)
        if not pilot.app._waiting:
            break
        await pilot.pause(0.01)
    await settled(pilot)


@pytest.mark.parametrize("before", [[], ["c"], ["L"]], ids=["fleet", "compare", "logs"])
async def test_a_word_pasted_behind_the_slash_is_all_in_the_box(opened, before):
    actions = FakeActions()
    async with opened(told(), (80, 24), actions=actions) as pilot:
        await pilot.press(*before)
        await settled(pilot)
        screen = pilot.app.screen
        await paste(pilot, "/", *WORD)
        assert pilot.app.screen is screen and screen.query_one(Input).value == WORD
        assert actions.asked == []


async def test_keys_wait_for_the_screens_that_keys_open(opened):
    actions = FakeActions()
    async with opened(told(), (80, 24), actions=actions) as pilot:
        await paste(pilot, "L", "/", *WORD)
        assert isinstance(pilot.app.screen, LogsScreen) and pilot.app.screen.query_one(Input).value == WORD
        await paste(pilot, "escape", "escape", "enter", "M", *"loss")
        assert isinstance(pilot.app.screen, Pick) and pilot.app.screen.query_one(Input).value == "loss"
        await paste(pilot, "escape", "]", "]", "[", "q", "j", "enter")
        assert isinstance(pilot.app.screen, WorkerScreen) and "pretrained" in screen_text(pilot.app)
        assert actions.asked == []


async def test_a_pane_has_the_keyboard_before_the_next_key(opened):
    async with opened(busy(), (120, 36)) as pilot:
        await paste(pilot, "1", "enter")
        assert isinstance(pilot.app.screen, HostScreen)
        await paste(pilot, "q", "l", "enter")
        assert isinstance(pilot.app.screen, LogsScreen)


async def test_a_command_is_typed_into_the_palette_at_once(opened):
    async with opened(busy(), (80, 24)) as pilot:
        await paste(pilot, ":", *WORD)
        assert pilot.app.screen.query_one(Input).value == WORD
        await paste(pilot, "escape")
        await paste(pilot, "j")
        assert isinstance(pilot.app.screen, FleetScreen) and pilot.app.screen.table.selected.worker == "pretrained"
