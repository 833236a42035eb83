"""Actions from the screen: asked first where it matters, done beside the screen, followed to their verdict."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from screen_text import screen_text, settled
from tui_fleets import NOW, FakeActions, busy, fresh, key_of, racing, won

from console.fleet.model import Pulled
from console.screens.stop import StopDialog
from console.source import Step
from remote.errors import HostLacks


class Gate:
    """A script of steps that waits between them, as real actions do."""

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.open = [threading.Event() for _ in steps]
        self.passed = [threading.Event() for _ in steps]

    def __call__(self, name: str, workers: tuple[str, ...]) -> Iterator[Step]:
        for step, open_, passed in zip(self.steps, self.open, self.passed, strict=True):
            assert open_.wait(20)
            yield step
            passed.set()

    async def let(self, pilot, number: int) -> None:
        self.open[number].set()
        await until(pilot, self.passed[number].is_set)
        await repainted(pilot)


async def until(pilot, condition) -> None:
    for _ in range(500):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came true")


async def repainted(pilot) -> None:
    await settled(pilot)
    pilot.app.repaint()
    await settled(pilot)


async def test_stop_asks_then_counts_down_then_ends_verified(opened):
    now = [NOW]
    gate = Gate(
        Step("attention", "asked to stop", countdown=60.0),
        Step("attention", "saved a checkpoint", countdown=58.0),
        Step("attention", "gone, verified", ok=True),
    )
    actions = FakeActions(gate)
    async with opened(racing(), actions=actions, clock=lambda: now[0]) as pilot:
        await pilot.press("x")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "Stop 1 worker" in text and "attention on here · epoch 15/50 · 13 min" in text
        assert "last checkpoint epoch 14, 3 min ago" in text
        assert "then INT after 60 s · TERM after 20 s · KILL after 10 s" in text
        assert actions.asked == []
        await pilot.press("enter")
        await gate.let(pilot, 0)
        assert actions.asked == [("stop", (str(key_of("attention", "here")),))]
        assert "asked to stop   1:00" in screen_text(pilot.app)
        now[0] += 12
        await repainted(pilot)
        assert "asked to stop   0:48" in screen_text(pilot.app)
        await gate.let(pilot, 1)
        await gate.let(pilot, 2)
        await until(pilot, lambda: pilot.app.screen.deed.done)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "✓ stop attention: gone, verified" in text and "[ close ]" in text and "kill now" not in text
        await pilot.press("enter")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, StopDialog)


async def test_cancel_and_escape_do_nothing(opened):
    for keys in (["x", "left", "enter"], ["x", "escape"], ["x", "q"]):
        async with opened(racing()) as pilot:
            await pilot.press(*keys)
            await settled(pilot)
            assert pilot.app.actions.asked == [] and not isinstance(pilot.app.screen, StopDialog)


async def test_kill_is_in_the_dialog(opened):
    async with opened(racing()) as pilot:
        await pilot.press("x", "right", "enter")
        await until(pilot, lambda: pilot.app.actions.asked)
        assert pilot.app.actions.asked == [("kill", (str(key_of("attention", "here")),))]


async def test_kill_is_in_the_palette_and_its_dialog_stands_on_cancel(opened):
    async with opened(racing()) as pilot:
        await pilot.press("colon", *"kill")
        await pilot.pause(0.5)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StopDialog))
        await settled(pilot)
        assert "Kill 1 worker" in screen_text(pilot.app)
        await pilot.press("enter")
        await settled(pilot)
        assert pilot.app.actions.asked == []


async def test_no_bare_key_kills(opened):
    async with opened(racing()) as pilot:
        assert not [item for item in pilot.app.screen.active_bindings.values() if "kill" in item.binding.action]


async def test_tagged_workers_are_stopped_together(opened):
    async with opened(busy()) as pilot:
        await pilot.press("space", "space", "x")
        await settled(pilot)
        assert "Stop 2 workers" in screen_text(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.actions.asked)
        assert pilot.app.actions.asked == [
            ("stop", (str(key_of("attention", "gpu1")), str(key_of("pretrained", "gpu1"))))
        ]


async def test_a_failure_shows_what_and_mend_until_escape(opened):
    def fails(name, workers):
        yield Step("attention", "checking")
        raise HostLacks("no tmux on here", "apt-get install tmux")

    now = [NOW]
    async with opened(fresh(), actions=FakeActions(fails), clock=lambda: now[0]) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: not pilot.app.notes.busy)
        now[0] += 300
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "✗ start attention: no tmux on here" in text and "apt-get install tmux" in text
        await pilot.press("escape")
        await repainted(pilot)
        assert "no tmux" not in screen_text(pilot.app)


async def test_what_went_well_goes_by_itself(opened):
    now = [NOW]
    async with opened(fresh(), clock=lambda: now[0]) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: not pilot.app.notes.busy)
        await repainted(pilot)
        assert "✓ start attention: started" in screen_text(pilot.app)
        now[0] += 60
        await repainted(pilot)
        assert "start attention: started" not in screen_text(pilot.app)


async def test_the_race_dialog_says_what_it_will_do_and_follows(opened):
    async with opened(won()) as pilot:
        await pilot.press("j", "R")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "persistence  2 workers" in text and "attention" in text and "Checks the configuration" in text
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is pilot.app.screen_stack[0])
        assert pilot.app.actions.asked == [("race", ("persistence",))]
        assert pilot.app.screen.table.selected.worker == "attention"


async def test_the_first_race_needs_one_key(opened):
    async with opened(fresh()) as pilot:
        await pilot.press("j", "R")
        await until(pilot, lambda: pilot.app.actions.asked and not pilot.app.notes.busy)
        assert pilot.app.actions.asked == [("race", ("persistence",))]
        assert pilot.app.screen is pilot.app.screen_stack[0] and pilot.app.screen.table.selected.worker == "attention"


@pytest.mark.parametrize(("story", "keys", "more"), [(fresh, "R", ""), (won, "R enter", "[ close ]")])
async def test_a_race_that_cannot_start_stays_on_the_screen(opened, story, keys, more):
    def refused(name, workers):
        yield Step("attention", "check of data failed: no room", ok=False, mend="free 2 GB")

    async with opened(story(), actions=FakeActions(refused)) as pilot:
        await pilot.press(*keys.split())
        await until(pilot, lambda: not pilot.app.notes.busy)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "check of data failed: no room" in text and "free 2 GB" in text and more in text


async def test_the_screen_goes_on_while_an_action_blocks(opened):
    gate = Gate(Step("attention", "checking"), Step("attention", "started", ok=True))
    async with opened(fresh(), actions=FakeActions(gate)) as pilot:
        await pilot.press("s")
        await gate.let(pilot, 0)
        await pilot.press("j")
        await settled(pilot)
        assert pilot.app.screen.table.selected.worker == "pretrained"
        await pilot.press("q")
        await settled(pilot)
        assert not pilot.app._exit and "still at work: start attention" in screen_text(pilot.app)
        await gate.let(pilot, 1)
        await until(pilot, lambda: not pilot.app.notes.busy)
        await pilot.press("q")
        await settled(pilot)
        assert pilot.app._exit


async def test_keys_that_do_not_apply_say_why(opened):
    async with opened(busy()) as pilot:
        for keys, words in (
            (["g", "s"], "attention is training already"),
            (["r"], "attention is training: there is nothing to resume"),
            (["j", "j", "j", "x"], "magvit: failed, nothing to stop"),
            (["a"], "nothing runs here to attach to"),
            (["j", "r"], "transformer never ran: s starts it"),
        ):
            await pilot.press(*keys)
            await repainted(pilot)
            assert words in screen_text(pilot.app)
        assert pilot.app.actions.asked == []


async def test_readonly_turns_every_action_off(opened):
    async with opened(busy(), readonly=True) as pilot:
        assert "READ-ONLY" in screen_text(pilot.app)
        await pilot.press(*"sxrRa")
        await settled(pilot)
        assert pilot.app.actions.asked == [] and pilot.app.screen is pilot.app.screen_stack[0]
        await pilot.press("question_mark")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "onto this laptop" in text and "save a checkpoint" not in text and "start the selected" not in text


async def test_help_names_every_binding_in_force(opened):
    from console.screens.help import groups_of, key_name

    async with opened(racing(), (120, 60)) as pilot:
        keys = " ".join(entry[0] for group in groups_of(pilot.app.screen).values() for entry in group).split()
        for item in pilot.app.screen.active_bindings.values():
            if not item.binding.system and item.binding.description:
                assert ("1…9" if item.binding.action.startswith("pane(") else key_name(item.binding.key)) in keys
        await pilot.press("question_mark")
        await settled(pilot)
        text = screen_text(pilot.app)
        for words in ("on workers", "looking", "the console", "ask workers to save a checkpoint"):
            assert words in text


async def test_the_source_is_opened_and_closed_with_the_screen(opened):
    async with opened(fresh()) as pilot:
        source = pilot.app.source
        assert source.started and not source.stopped
    assert source.stopped and not source._listeners


async def test_keys_typed_faster_than_they_are_heard_close_a_screen_once(opened):
    cases = (("x", "close"), ("question_mark", "close"), ("R", "close"), ("enter", "back"), ("enter", "leave"))
    for opening, action in cases:
        async with opened(racing()) as pilot:
            await pilot.press(opening)
            await settled(pilot)
            top = pilot.app.screen
            for _ in range(3):
                getattr(top, f"action_{action}")()
            await settled(pilot)
            assert pilot.app.screen is pilot.app.screen_stack[0] and not pilot.app._exit


async def test_pull_asks_then_shows_how_far_it_is(opened):
    gate = Gate(
        Step("attention", "3/12 files  120M/1.2G  18.0M/s  1:01 left", share=0.1),
        Step("attention", "pulled 12 files, 1.2G; 12 verified in /here", ok=True),
    )
    actions = FakeActions(gate)
    async with opened(racing(), actions=actions) as pilot:
        await pilot.press("p")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "Pull 1 run" in text and "is not disturbed" in text and "into ./runs of the folder" in text
        assert actions.asked == []
        await pilot.press("enter")
        await gate.let(pilot, 0)
        assert actions.asked == [("pull", (str(key_of("attention", "here")),))]
        assert actions.options.choice.checkpoints == "both" and not actions.options.stop.is_set()
        text = screen_text(pilot.app)
        assert "━╸" in text and "18.0M/s" in text and "stop it" in text
        await pilot.press("right", "enter")
        assert actions.options.stop.is_set()
        await gate.let(pilot, 1)
        await until(pilot, lambda: pilot.app.screen.deed.done)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "✓ pull attention: pulled 12 files" in text and "━" not in text.split("✓ pull")[1].splitlines()[0]


async def test_pull_works_where_nothing_may_be_done(opened):
    async with opened(won(), readonly=True) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert "Pull 1 run" in screen_text(pilot.app)


async def test_what_never_ran_cannot_be_pulled(opened):
    async with opened(fresh()) as pilot:
        await pilot.press("p")
        await settled(pilot)
        assert "never ran: there is nothing to pull" in screen_text(pilot.app)


async def test_a_finished_run_that_is_here_is_said_to_be(opened):
    story = won()
    newer, older = key_of("attention", "here"), key_of("pretrained", "here")
    copies = {newer: Pulled("/home/me/runs/it", NOW - 5, True), older: Pulled("/x", NOW - 500, True)}
    story.fleet = replace(story.fleet, pulled=copies)
    async with opened(story, (200, 50)) as pilot:
        await pilot.press("right_square_bracket", "right_square_bracket", "right_square_bracket")
        await settled(pilot)
        rows = [line for line in screen_text(pilot.app).splitlines() if "pulled" in line]
        assert any("attention" in line for line in rows)
        assert not any("pretrained" in line for line in rows), "its end came after the copy"
