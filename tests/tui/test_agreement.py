"""Help, palette and keys name the same things on every screen; read-only, none of them changes anything."""

import pytest
from screen_text import screen_text, settled
from tui_fleets import crowded

from console.screens.commands import COMMANDS, LOG_COMMANDS, method
from console.screens.help import groups_of
from console.screens.keys import key_name
from console.screens.logs import LogsScreen
from console.screens.palette import keys_here, possible

# how one comes to each screen
SCREENS = {
    "fleet": [],
    "fleet hosts": ["1"],
    "fleet log": ["l"],
    "worker": ["enter"],
    "worker log": ["enter", "l"],
    "standings": ["v"],
    "host": ["1", "enter"],
    "host runs": ["1", "enter", "right_square_bracket"],
    "host check": ["1", "enter", "T"],
    "host sessions": ["1", "enter", "A"],
    "host link": ["1", "enter", "left_square_bracket"],
}
MOVING = {"back", "leave", "palette"}  # keys whose whole meaning is to get somewhere: the palette need not name them


async def open_at(pilot, keys):
    await pilot.press(*keys)
    await settled(pilot)
    return pilot.app.screen


@pytest.mark.parametrize("where", SCREENS)
async def test_help_palette_and_keys_agree(opened, where):
    async with opened(crowded(), (120, 40)) as pilot:
        screen = await open_at(pilot, SCREENS[where])
        help_keys = {what: keys.split() for group in groups_of(screen).values() for keys, what, _ in group}
        in_palette = {item.name: item for item in possible(pilot.app, screen)}
        own = LOG_COMMANDS if isinstance(screen, LogsScreen) else COMMANDS
        keyed = {item.name: item for item in own if item.key}
        for item in in_palette.values():
            keys = {key_name(key) for key in keys_here(item, screen)}
            if keys:  # what the palette offers with a key is in the help with that key
                assert keys <= set(help_keys[item.name]), item.name
        for name in help_keys:
            if name in keyed and method(keyed[name].action) not in MOVING:
                assert name in in_palette, f"{name} has a key here and is not in the palette"
        for active in screen.active_bindings.values():
            if active.enabled and not active.binding.system and active.binding.description:
                names = {key_name(active.binding.key), "1…9" if active.binding.action.startswith("pane(") else ""}
                assert any(names & {*keys} for keys in help_keys.values()), active.binding


@pytest.mark.parametrize("where", SCREENS)
async def test_every_hint_at_the_foot_is_a_key_that_works(opened, where):
    async with opened(crowded(), (200, 40)) as pilot:
        screen = await open_at(pilot, SCREENS[where])
        working = {key_name(item.binding.key) for item in screen.active_bindings.values() if item.enabled}
        hints = screen.hints()
        assert hints and {key for key, _ in hints} <= working


@pytest.mark.parametrize("where", SCREENS)
async def test_read_only_nothing_that_changes_anything_can_be_asked_for(opened, where):
    async with opened(crowded(), (120, 40), readonly=True) as pilot:
        screen = await open_at(pilot, SCREENS[where])
        changing = {method(item.action) for item in COMMANDS if item.changes}
        assert changing and not changing & {method(item.action) for item in possible(pilot.app, screen)}
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
