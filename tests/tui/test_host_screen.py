"""The host screen: what it shows, and every key on it."""

import asyncio

import pytest
from screen_text import screen_lines, screen_text, settled
from test_actions import repainted, until
from tui_fleets import FakeActions, crowded

from console.screens.empty import EmptyDialog
from console.screens.fleet import FleetScreen
from console.screens.help import HelpScreen
from console.screens.host import HostScreen
from console.screens.stop import StopDialog
from console.screens.worker import WorkerScreen
from console.source import Step
from remote.errors import CommandFailed
from remote.events import LinkState


async def on_host(pilot, *keys):
    await pilot.press("1", "enter", *keys)
    await settled(pilot)
    return pilot.app.screen


async def test_it_shows_gpus_processes_disks_and_what_to_mend(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        await on_host(pilot)
        text = screen_text(pilot.app)
        for words in (
            "gpu1  ● connected",
            "me@gpu1, 32 cores",
            "12.9/23G   91°    53/300W    840",
            "heat",
            "103 me        attention",
            "9923 alma      a stranger's    900M  python notebook.py",
            "8000 me        yours",
            "2.1  MIG 1g.5gb",
            "GPU is lost",
            "388/400G",
            "/ could be 206.0 GiB larger",
            "sudo growpart /dev/nvme0n1 1",
            "sudo resize2fs /dev/nvme0n1p1",
            "pip cache 3.1 GiB",
            "torch hub cache more than 1.0 GiB",
        ):
            assert words in text, words


async def test_brackets_go_through_its_tabs_and_digits_through_its_panes(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        screen = await on_host(pilot)
        for shown in ("runs", "check", "sessions", "link", "overview"):
            await pilot.press("right_square_bracket")
            await settled(pilot)
            assert [
                tab for tab in ("overview", "runs", "check", "sessions", "link") if screen.query_one(f"#{tab}").display
            ] == [shown]
        await pilot.press("left_square_bracket", "right_square_bracket")
        await settled(pilot)
        for key, name in (("1", "gpus"), ("2", "mends"), ("9", "mends"), ("tab", "gpus"), ("shift+tab", "mends")):
            await pilot.press(key)
            assert pilot.app.focused.id == name, key


async def test_c_copies_the_commands_of_the_entry_under_the_cursor(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        await on_host(pilot, "j", "j", "c")
        assert pilot.app.clipboard == "sudo growpart /dev/nvme0n1 1 && sudo resize2fs /dev/nvme0n1p1"
        assert "copied: sudo growpart" in screen_text(pilot.app)
        await pilot.press("enter", "G", "c")
        assert pilot.app.clipboard == "rm -rf -- /home/me/.cache/torch/hub"
        await pilot.press("right_square_bracket", "c")
        await settled(pilot)
        assert "nothing is selected" in screen_text(pilot.app)


@pytest.mark.parametrize("key", ["enter", "E"])
async def test_a_cache_is_emptied_after_a_yes_and_what_became_free_is_told(opened, key):
    def freed(name, words):
        yield Step("gpu1", "emptying")
        yield Step("gpu1", "pip: 3.1 GiB freed, verified", ok=True)

    async with opened(crowded(), (120, 40), actions=FakeActions(freed)) as pilot:
        await on_host(pilot, "j", "j", "j", key)
        assert isinstance(pilot.app.screen, EmptyDialog)
        text = screen_text(pilot.app)
        assert "Empty the pip cache on gpu1" in text and "runs python3 -m pip cache purge" in text
        await pilot.press("enter")  # the cursor stands on cancel
        await settled(pilot)
        assert pilot.app.actions.asked == [] and isinstance(pilot.app.screen, HostScreen)
        await pilot.press(key, "right", "enter")
        await until(pilot, lambda: pilot.app.screen.deed and pilot.app.screen.deed.done)
        await repainted(pilot)
        assert "3.1 GiB freed, verified" in screen_text(pilot.app)
        await pilot.press("enter")
        await settled(pilot)
        assert pilot.app.actions.asked == [("empty", ("gpu1", "pip"))]
        assert "pip cache was emptied" in screen_text(pilot.app)


async def test_empty_without_a_cache_says_where_they_are(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        await on_host(pilot, "g", "E")
        assert "no cache is selected" in screen_text(pilot.app)


async def test_a_check_runs_line_by_line_and_its_mends_can_be_copied(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        await on_host(pilot, "T")
        await until(pilot, lambda: pilot.app.known_hosts["gpu1"].examined.done)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "✓ reach  connected as me" in text and "! volume  " in text and "✗ tmux  no tmux" in text
        assert "sudo apt-get install tmux" in text and "1 thing to mend" in text and "check ✗1" in text
        await pilot.press("k", "c")
        assert pilot.app.clipboard == "sudo apt-get install tmux"
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
        screen = await on_host(pilot, "right_square_bracket", "right_square_bracket")
        assert len(screen.query_one("#check").entries) == 4, "what it found is still there"
        assert pilot.app.actions.asked == [("examine", ("gpu1",))]


async def test_a_check_that_breaks_off_says_why(opened):
    class Broken(FakeActions):
        def examine(self, host):
            raise CommandFailed("the host went away", "look at its plug")

    async with opened(crowded(), (120, 40), actions=Broken()) as pilot:
        await on_host(pilot, "T")
        await until(pilot, lambda: pilot.app.known_hosts["gpu1"].examined.done)
        await repainted(pilot)
        assert "the host went away" in screen_text(pilot.app)


@pytest.mark.parametrize("key", ["A", "enter"])
async def test_a_session_that_was_started_elsewhere_is_adopted(opened, key):
    async with opened(crowded(), (120, 40)) as pilot:
        await on_host(pilot, "A")
        await until(pilot, lambda: pilot.app.known_hosts["gpu1"].foreign)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "session night-run" in text and "process 4712" in text and "python train.py --lr 0.1" in text
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.actions.asked)
        assert pilot.app.actions.asked == [("adopt", ("gpu1", "night-run", "night-run"))]


async def test_sessions_that_cannot_be_asked_for_say_why(opened):
    class Broken(FakeActions):
        def foreign(self, host):
            raise CommandFailed("no tmux there", "install it")

    async with opened(crowded(), (120, 40), actions=Broken()) as pilot:
        await on_host(pilot, "A")
        await until(pilot, lambda: pilot.app.known_hosts["gpu1"].problem)
        await repainted(pilot)
        assert "no tmux there   install it" in screen_text(pilot.app)


async def test_d_brings_the_code_of_its_workers(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        await on_host(pilot, "D")
        await until(pilot, lambda: pilot.app.actions.asked)
        assert pilot.app.actions.asked == [("deploy", ("attention", "pretrained", "magvit", "i3d"))]


async def test_its_runs_can_be_worked_with(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        screen = await on_host(pilot)
        assert not screen.check_action("stop", ())
        await pilot.press("x")
        await settled(pilot)
        assert pilot.app.screen is screen
        await pilot.press("right_square_bracket")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "runs 4" in text and "magvit" in text and "eegnex" not in text
        await pilot.press("space", "space")
        assert [row.worker for row in screen.marked] == ["attention", "pretrained"]
        await pilot.press("x")
        await settled(pilot)
        assert isinstance(pilot.app.screen, StopDialog) and "Stop 2 workers" in screen_text(pilot.app)
        await pilot.press("escape", "escape")
        assert screen.table.tags == 0 and pilot.app.screen is screen
        await pilot.press("g", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, WorkerScreen)
        await pilot.press("escape", "q")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)


async def test_its_link_tells_latency_reconnects_and_its_past(opened):
    story = crowded()
    async with opened(story, (120, 40)) as pilot:
        story.tell("gpu1", LinkState("stale", "nothing heard for 3.0 s"), at=story.now + 1)
        pilot.app.source.becomes(story.fleet)
        await repainted(pilot)
        story.tell("gpu1", LinkState("connected"), at=story.now + 3)
        pilot.app.source.becomes(story.fleet)
        await repainted(pilot)
        await on_host(pilot, "left_square_bracket")
        await until(pilot, lambda: pilot.app.known_hosts["gpu1"].trips)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "42 ms for a command there and back" in text and "reconnects  1" in text
        assert "nothing heard for 3.0 s" in text and "0.0 s behind this machine's" in text and "up 6 d" in text


async def test_a_host_that_left_the_configuration_says_so(opened):
    from dataclasses import replace

    story = crowded()
    async with opened(story, (120, 40)) as pilot:
        await on_host(pilot)
        hosts = {name: host for name, host in story.fleet.hosts.items() if name != "gpu1"}
        pilot.app.source.becomes(replace(story.fleet, hosts=hosts))
        await repainted(pilot)
        assert "no longer in the configuration" in screen_lines(pilot.app)[0]
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)


async def test_read_only_it_looks_and_copies_and_does_nothing(opened):
    async with opened(crowded(), (120, 40), readonly=True) as pilot:
        screen = await on_host(pilot)
        for action in ("empty", "deploy", "adopt"):
            assert not screen.check_action(action, ()), action
        await pilot.press("G", "E", "D", "A", "enter")
        await settled(pilot)
        assert pilot.app.screen is screen and pilot.app.actions.asked == []
        assert pilot.app.clipboard.startswith("rm -rf"), "Enter copies where nothing may be emptied"
        await pilot.press("T")
        await until(pilot, lambda: pilot.app.known_hosts["gpu1"].examined.done)


async def test_every_key_on_offer_is_one_of_these(opened):
    tried = {
        "T",
        "c",
        "E",
        "D",
        "A",
        "u",
        "enter",
        "tab",
        "shift+tab",
        "escape",
        "q",
        "question_mark",
        "colon",
        "space",
    }
    tried |= {"left_square_bracket", "right_square_bracket", "x", *"123456789"}
    apart = {"ctrl+c", "ctrl+q", "ctrl+z", "ctrl+p", "n", "e", "h"}  # the app's own, tried on the fleet screen
    moving = {"j", "k", "g", "G", "up", "down", "home", "end", "pageup", "pagedown", "left", "right"}
    library = {"ctrl+pageup", "ctrl+pagedown", "super+c"}
    workers = {"s", "r", "R", "p", "a", "L", "v", "i", "d"}  # on its runs, the same functions as on the fleet screen
    async with opened(crowded(), (120, 40)) as pilot:
        screen = await on_host(pilot)
        for _ in range(5):
            keys = {
                item.binding.key for item in screen.active_bindings.values() if not item.binding.system and item.enabled
            }
            assert keys <= tried | apart | moving | library | (workers if screen._tab == "runs" else set())
            await pilot.press("right_square_bracket")
            await settled(pilot)


async def test_moving_goes_entry_by_entry_and_keeps_it_in_sight(opened):
    async with opened(crowded(), (80, 24)) as pilot:
        screen = await on_host(pilot)
        pane = screen.query_one("#mends")
        heads = []
        for key in ("g", "j", "down", "k", "up", "G", "home", "end", "pageup", "pagedown"):
            await pilot.press(key)
            await settled(pilot)
            heads.append(pane.entries.index(pane.selected))
            assert any(line.startswith("›") for line in screen_lines(pilot.app)), key
        assert heads == [0, 1, 2, 1, 0, 4, 0, 4, 0, 4]


async def test_help_and_the_way_back(opened):
    async with opened(crowded(), (120, 40)) as pilot:
        screen = await on_host(pilot)
        await pilot.press("question_mark")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HelpScreen) and "on the host" in screen_text(pilot.app)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert pilot.app.screen is screen and "trying gpu2 again" in screen_text(pilot.app)
        await pilot.press("escape")
        await settled(pilot)
        assert pilot.app.screen is screen, "first the answer goes away"
        await pilot.press("escape")
        await asyncio.sleep(0)
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
