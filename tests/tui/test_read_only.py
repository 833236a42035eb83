"""Read-only, nothing that changes anything can be asked for on any screen of workers."""

import pytest
from screen_text import screen_text, settled
from tui_fleets import crowded
from ways import WAYS

from console.screens.commands import COMMANDS, method
from console.screens.palette import possible

SCREENS = ("fleet", "fleet hosts", "worker", "worker log", "standings", "compare", "host", "host runs", "host check",
           "host sessions", "host link")  # fmt: skip


async def open_at(pilot, keys):
    await pilot.press(*keys)
    await settled(pilot)
    return pilot.app.screen


@pytest.mark.parametrize("where", SCREENS)
async def test_read_only_nothing_that_changes_anything_can_be_asked_for(opened, where):
    async with opened(crowded(), (120, 40), readonly=True) as pilot:
        screen = await open_at(pilot, WAYS[where].keys)
        changing = {method(item.action) for item in COMMANDS if item.changes}
        assert changing and not changing & {method(item.action) for item in possible(screen)}
        assert not changing & {method(item.binding.action) for item in screen.active_bindings.values() if item.enabled}
        for item in COMMANDS:
            if item.changes and hasattr(screen, f"action_{method(item.action)}"):
                for key in filter(None, item.key.split(",")):
                    await pilot.press(key)
                await pilot.app.run_action(item.action, screen)
        await settled(pilot)
        asked = {name for name, _ in pilot.app.actions.asked}
        assert asked <= {"examine"}


async def test_the_badge_says_read_only(opened):
    async with opened(crowded(), (80, 24), readonly=True) as pilot:
        assert "READ-ONLY" in screen_text(pilot.app)


def test_no_two_commands_have_the_same_name_or_action():
    for part in ("name", "action"):
        values = [getattr(item, part) for item in COMMANDS]
        assert len(values) == len(set(values))
