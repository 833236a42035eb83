"""Charts, comparison, standings and pictures under the keyboard."""

import json

import pytest
from chart_stories import HOSTILE, hostile, many, png
from screen_text import screen_lines, screen_text, settled
from test_actions import repainted, until
from tui_fleets import NOW, RACE, FakeActions, busy, fresh, key_of, racing, won

from console.format import cell_len
from console.screens.compare import CompareScreen
from console.screens.pick import Pick
from console.screens.standings import StandingsScreen
from console.screens.worker import WorkerScreen
from console.settings import SettingsFile
from console.widgets.chart import ChartPane
from console.widgets.picture import PictureView
from remote.events import Document

WIDE = (120, 36)


def pane(app) -> ChartPane:
    return app.screen.query_one(ChartPane)


async def typed(pilot, *keys: str) -> str:
    await pilot.press(*keys)
    await settled(pilot)
    return screen_text(pilot.app)


async def test_the_keys_of_charts(opened):
    async with opened(racing(), WIDE) as pilot:
        text = await typed(pilot, "enter")
        look = lambda: pane(pilot.app).look  # noqa: E731 - read again after every key
        assert "a━━ train" in text and "b╍╍ val" in text and "╌╌ >= 1.50" in text
        text = await typed(pilot, "left", "left")
        assert "step " in text and "epoch " in text and look().cursor is not None
        before = look().cursor
        await typed(pilot, "shift+left")
        assert look().cursor < before
        await typed(pilot, "right", "shift+right")
        assert look().cursor > before - 100
        text = await typed(pilot, "plus", "plus")
        assert look().window is not None and "25 % of all" in text
        left = look().window[0]
        await typed(pilot, "less_than_sign")
        assert look().window[0] < left
        await typed(pilot, "greater_than_sign")
        assert look().window[0] == pytest.approx(left)
        await typed(pilot, "minus")
        assert look().window is not None and (look().window[1] - look().window[0]) > 3000
        await typed(pilot, "0")
        assert look().plain
        assert "▸loss log" in await typed(pilot, "y")
        assert "smoothed 0.6" in await typed(pilot, "m")
        await typed(pilot, "m", "m", "m")
        assert look().smoothing == 0.0
        text = await typed(pilot, "X")
        assert look().axis == "epoch" and "  epoch " in text
        assert "  time " in await typed(pilot, "X") and look().axis == "time"
        await typed(pilot, "X", "j")
        assert look().at == 1 and "▸accuracy" not in text
        await typed(pilot, "k", "k")
        assert look().at == len(pane(pilot.app).panels) - 1
        await typed(pilot, "enter")
        assert look().alone
        await typed(pilot, "escape")
        assert look().plain and isinstance(pilot.app.screen, WorkerScreen)
        await typed(pilot, "escape")
        assert not isinstance(pilot.app.screen, WorkerScreen)


async def test_how_charts_are_looked_at_is_remembered_where_the_cursor_is_not(opened):
    async with opened(racing(), WIDE) as pilot:
        await typed(pilot, "enter", "m", "X", "y", "left", "escape", "escape", "enter")
        look = pane(pilot.app).look
        assert (look.smoothing, look.axis, look.log, look.cursor) == (0.6, "epoch", {"loss"}, None)


async def test_a_click_chooses_a_chart_and_sets_the_cursor(opened):
    async with opened(racing(), WIDE) as pilot:
        await typed(pilot, "enter")
        place = pane(pilot.app)._places[1]
        await pilot.click(ChartPane, offset=(place[1] + place[3] // 2, place[2] + 3))
        await settled(pilot)
        look = pane(pilot.app).look
        assert look.at == 1 and 2000 < look.cursor < 6000


async def test_metrics_are_chosen_by_typing_and_stay_chosen(opened):
    async with opened(racing(), WIDE) as pilot:
        text = await typed(pilot, "enter", "M")
        assert isinstance(pilot.app.screen, Pick) and "  ✓ consistency" in text and "4 metrics" in text
        text = await typed(pilot, *"cons", "space")
        assert "  ✓ consistency" not in text and "│›   consistency" in text
        assert pilot.app.screen.list.chosen == ["loss", "accuracy", "attention_ratio"]
        await typed(pilot, "enter", "escape", "enter")
        assert [panel.title for panel in pane(pilot.app).panels] == ["loss", "val_accuracy", "attention_ratio"]
        await typed(pilot, "M", "ctrl+a", "escape")
        assert len(pane(pilot.app).panels) == 3
        await typed(pilot, "M", "ctrl+a", "enter")
        assert len(pane(pilot.app).panels) == 4


async def test_how_charts_and_logs_are_looked_at_lasts(opened, tmp_path):
    async with opened(racing(), WIDE, settings=SettingsFile(tmp_path)) as pilot:
        await typed(pilot, "enter", "m", "X", "y", "M", *"cons", "space", "enter")
        await typed(pilot, "L", "w", "q")
    async with opened(racing(), WIDE, settings=SettingsFile(tmp_path)) as pilot:
        await typed(pilot, "enter")
        look = pane(pilot.app).look
        assert (look.axis, look.smoothing, look.log) == ("epoch", 0.6, {"loss"})
        assert [panel.title for panel in pane(pilot.app).panels] == ["loss", "val_accuracy", "attention_ratio"]
        await typed(pilot, "L")
        assert pilot.app.screen.lines.wrapping


async def test_a_curve_that_grows_is_drawn_on(opened):
    story = racing()
    async with opened(story, WIDE) as pilot:
        before = await typed(pilot, "enter")
        from tui_fleets import run_of

        from remote.events import Chunk

        data = b'{"step": 9000, "epoch": 18, "phase": "train", "loss": 3.25, "t": 1767357663.0}\n'
        story.tell("here", Chunk(f"runs/{run_of('attention')}", "metrics.jsonl", 8, 10**6, data))
        pilot.app.source.becomes(story.fleet)
        await until(pilot, lambda: "train 3.250" in screen_text(pilot.app))
        await repainted(pilot)
        assert screen_text(pilot.app) != before


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36), (200, 50)])
async def test_hostile_names_and_values_leave_the_screen_whole(opened, size):
    async with opened(hostile(), size) as pilot:
        for keys in (["enter"], ["y"], ["j", "y"], ["m", "left"], ["M"], ["escape"], ["right_square_bracket"] * 3):
            await typed(pilot, *keys)
            lines = screen_lines(pilot.app)
            assert len(lines) == size[1] and all(cell_len(line) <= size[0] for line in lines)
            assert not any("\x1b" in line or "\u202e" in line for line in lines)
        assert "no configuration is known" in screen_text(pilot.app) or "origin" not in screen_text(pilot.app)


async def test_markup_is_shown_as_it_is_and_odd_values_are_said(opened):
    async with opened(hostile(), (200, 50)) as pilot:
        text = await typed(pilot, "enter")
        assert HOSTILE[0] in text and HOSTILE[1] in text and "× no number" in text
        at = [panel.title for panel in pane(pilot.app).panels].index("down")
        await typed(pilot, *["j"] * at)
        assert "log, ≤ 0 left out" in await typed(pilot, "y")


async def test_the_sentence_says_which_criterion_decides(opened):
    async with opened(racing(), WIDE) as pilot:
        text = await typed(pilot, "enter")
        assert "at this rate" in text.lower()


async def test_what_differs_from_another_run(opened):
    async with opened(many(4), WIDE) as pilot:
        await typed(pilot, "j", "j", "enter")
        text = await typed(pilot, "d")
        assert isinstance(pilot.app.screen, Pick) and "Compare with which run?" in text
        text = await typed(pilot, *"sweep-03", "enter")
        assert "~ optim.lr" in text and "0.001" in text and "0.004" in text and "run.epochs" not in text
        assert "3 settings the same" in text
        text = await typed(pilot, "d", "pageup", "enter")
        assert "run.epochs" in text


async def test_pictures_are_fetched_and_shown_in_half_blocks(opened):
    actions = FakeActions()
    actions.file = png()
    async with opened(won(), WIDE, actions=actions) as pilot:
        await typed(pilot, "i")
        await until(pilot, lambda: "▀▀▀▀" in screen_text(pilot.app))
        assert ("fetch", (str(key_of("attention", "here")), "figures/race.png")) in actions.asked
        view = pilot.app.screen.query_one(PictureView)
        strip = view.render_line(5)
        colours = [segment.style.color.triplet for segment in strip if segment.style.color]
        assert colours[0].red > 150 > colours[-1].red and colours[-1].blue > 150
        await typed(pilot, "plus", "plus", "left", "up", "right", "down")
        assert view.zoom == 2.0
        await typed(pilot, "0")
        assert view.zoom == 1.0
        asked = len(actions.asked)
        await typed(pilot, "left_square_bracket", "right_square_bracket")
        assert len(actions.asked) == asked


async def test_what_is_no_picture_is_said(opened):
    async with opened(won(), WIDE) as pilot:
        await typed(pilot, "i")
        await until(pilot, lambda: "no picture that can be shown" in screen_text(pilot.app))
    async with opened(racing(), WIDE) as pilot:
        assert "no pictures yet" in await typed(pilot, "i")
    broken = FakeActions()

    def fail(run, path, limit, told):
        raise ValueError("it is gone")

    broken.fetch = fail
    async with opened(won(), WIDE, actions=broken) as pilot:
        await typed(pilot, "i")
        await until(pilot, lambda: "it is gone" in screen_text(pilot.app))
    async with opened(won(), WIDE, ascii=True) as pilot:
        assert "--ascii is on" in await typed(pilot, "i")


async def test_runs_beside_each_other(opened):
    async with opened(many(), WIDE) as pilot:
        text = await typed(pilot, "j", "j", *["space"] * 5, "c")
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen) and "compare 5 runs" in text and "best val_accuracy" in text
        assert screen.metric == "val_accuracy"
        text = await typed(pilot, "right")
        assert screen.metric == "attention_ratio" and "best attention_ratio" in text
        await typed(pilot, "left")
        assert screen.metric == "val_accuracy"
        first = screen.table.sorted_keys
        await typed(pilot, "o")
        assert screen.table.sorted_keys == first  # all have the same accuracy: their order stays
        await typed(pilot, "O", "right", "O")
        assert len(screen.table.sorted_keys) == 5
        text = await typed(pilot, "right_square_bracket")
        assert "optim.lr" in text and "run.epochs" not in text
        await typed(pilot, "o", "O")
        assert screen.table.sorted_keys == first[::-1]
        assert "in words" in await typed(pilot, "right_square_bracket")
        await typed(pilot, "left_square_bracket", "j", "enter")
        assert isinstance(pilot.app.screen, WorkerScreen)


async def test_many_runs_one_in_front_and_a_filter(opened):
    async with opened(many(), WIDE) as pilot:
        text = await typed(pilot, "j", "j", *["space"] * 12, "c")
        screen = pilot.app.screen
        assert "12 curves" in text and screen.chart_pane.panels[0].chosen == "sweep-00"
        await typed(pilot, "j")
        assert screen.chart_pane.panels[0].chosen == "sweep-01"
        text = await typed(pilot, "slash", *"-1")
        assert "2 runs of 12" in text and [run.worker for run in screen._shown] == ["sweep-10", "sweep-11"]
        await typed(pilot, "enter", "full_stop", "comma", "G", "g", "pagedown", "pageup")
        await typed(pilot, "escape")
        assert len(screen._shown) == 12
        text = await typed(pilot, "M")
        assert "Which metric?" in text
        await typed(pilot, *"val_loss", "enter")
        assert screen.metric == "val_loss"
        assert "earlier runs" in await typed(pilot, "A")
        await typed(pilot, "tab", "left")
        assert pane(pilot.app).look.cursor is not None or screen.metric != "val_loss"


async def test_comparing_without_tags_takes_the_race_and_says_when_there_is_nothing(opened):
    async with opened(won(), WIDE) as pilot:
        assert "compare 2 runs" in await typed(pilot, "c")
    async with opened(fresh(), WIDE) as pilot:
        await typed(pilot, "c")
        await repainted(pilot)
        assert "nothing to compare" in screen_text(pilot.app)


async def test_standings_while_it_runs_and_when_it_is_over(opened):
    async with opened(fresh(), WIDE) as pilot:
        text = await typed(pilot, "v")
        assert "never started" in text and "winner.json" in text and "attention, pretrained start together" in text
    async with opened(racing(), WIDE) as pilot:
        text = await typed(pilot, "v")
        assert isinstance(pilot.app.screen, StandingsScreen) and "attention is nearest, no criterion holds" in text
        assert "consistency 0.055 below 0.70" in text and "next check after epoch 20" in text
        assert "way to all criteria" in text
    async with opened(won(), WIDE) as pilot:
        text = await typed(pilot, "v")
        assert "★ attention wins after epoch 15 at 12:40:33, 30 s ago" in text
        assert "ended in epoch 12: attention met all criteria first" in text
        await typed(pilot, "j")
        assert pilot.app.screen.marked[0].worker == "pretrained"
        await typed(pilot, "k", "left")
        assert pane(pilot.app).look.cursor is not None
        await typed(pilot, "escape", "enter")
        assert isinstance(pilot.app.screen, WorkerScreen)


async def test_what_a_rule_has_done_is_on_the_screen_of_its_race(opened):
    ruled = {"t": NOW - 60, "event": "race rule", "rule": "behind at epoch 3", "proof": "far behind", "attempt": 1}
    done = {**ruled, "event": "race rule done", "gone": True}
    story = fresh().worker("attention", "here", "training", race=RACE, epoch=5, epochs=30)
    events = (ruled, done, {"t": NOW - 59, "event": "stop asked", "attempt": 1})
    story.worker("pretrained", "here", "stopped", race=RACE, epoch=3, events=events, exit={"code": 0}, alive=False)
    async with opened(story, WIDE) as pilot:
        text = await typed(pilot, "v")
        assert "stopped by the rule behind at epoch 3: far behind; gone, verified" in text


async def test_a_watch_on_a_host_is_in_the_header(opened):
    story = fresh()
    beat = {"since": NOW - 600, "time": NOW - 1}
    story.tell("here", Document("watches/0a", "watch.json", json.dumps(beat), 1.0, ""))
    async with opened(story, WIDE) as pilot:
        assert "watched from here" in screen_text(pilot.app)


async def test_another_race_is_one_key_away(opened):
    async with opened(racing(), WIDE) as pilot:
        races = {"persistence": ("attention", "pretrained"), "second": ("attention",)}
        pilot.app.source.races = lambda: races
        await repainted(pilot)
        assert "race persistence" in await typed(pilot, "v")
        assert "race second" in await typed(pilot, "right_square_bracket")


async def test_the_palette_knows_charts_where_there_are_some(opened):
    async with opened(busy(), (120, 110)) as pilot:
        await typed(pilot, "question_mark")
        assert "beside each other" in screen_text(pilot.app)
        await typed(pilot, "escape", "enter", "question_mark")
        text = screen_text(pilot.app)
        assert "logarithm" in text and "S-←" in text
