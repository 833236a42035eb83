"""Columns that are chosen, rows that are sorted, hosts that are folded; and nothing jumps."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screen_text import screen_lines, screen_text, settled
from test_actions import repainted
from tui_fleets import H100, NOW, RACES, TRAINING, FakeActions, Story, busy, crowded, large, racing

from console.fleet.holders import gpus_of, holder, holders, strangers
from console.format import decimal
from console.screens.filter import completion, problem
from console.screens.host import HostScreen
from console.screens.picture import look
from console.settings import SettingsFile
from console.widgets.columns import Column, at_cell, ordered, titles
from console.widgets.worker_columns import catalogue, told, worker_columns
from remote.events import LinkState


def order(app):
    return [row.worker for row in app.screen.table._rows]


def head(app):
    return next(line for line in screen_lines(app) if "WORKERS" in line)


async def test_o_goes_through_the_columns_and_back_to_the_configuration(opened):
    async with opened(racing()) as pilot:
        before = order(pilot.app)
        seen = []
        for _ in range(len(pilot.app.screen.table.shown)):
            await pilot.press("o")
            seen.append(pilot.app.settings.value.sort)
        assert tuple(seen) == pilot.app.screen.table.shown
        await pilot.press("o")
        assert pilot.app.settings.value.sort == "" and order(pilot.app) == before


async def test_a_click_on_a_head_sorts_and_a_second_one_turns(opened):
    async with opened(busy(), (140, 36)) as pilot:
        place = head(pilot.app).index("val_acc")
        line = screen_lines(pilot.app).index(head(pilot.app))
        width = len(head(pilot.app))
        await pilot.click(offset=(place, line))
        await settled(pilot)
        assert pilot.app.settings.value.sort == "val_accuracy" and pilot.app.settings.value.downward
        assert order(pilot.app)[:3] == ["pretrained", "i3d", "attention"]
        assert "▾val_acc" in head(pilot.app) and len(head(pilot.app)) == width
        await pilot.click(offset=(place, line))
        await settled(pilot)
        assert order(pilot.app)[:3] == ["attention", "i3d", "pretrained"] and "▴val_acc" in head(pilot.app)


async def test_the_broken_and_the_forgotten_stand_before_others_without_a_value(opened):
    async with opened(busy()) as pilot:
        pilot.app.screen.action_sort_by("loss")
        await settled(pilot)
        found = order(pilot.app)
        assert found[5:] == ["magvit", "imagenet", "transformer", "slowfast"]


async def test_the_cursor_stays_on_its_worker_when_the_order_changes(opened):
    async with opened(busy()) as pilot:
        await pilot.press("j", "j", "j")
        for key in ("W", "O", "S", "H"):
            await pilot.press(key)
            await settled(pilot)
            assert pilot.app.screen.table.selected.worker == "magvit"
        cursor = [line for line in screen_lines(pilot.app) if line.startswith("›")]
        assert len(cursor) == 1 and "magvit" in cursor[0]


async def test_columns_are_chosen_by_typing_and_kept(opened, tmp_path):
    async with opened(busy(), (120, 36), settings=SettingsFile(tmp_path)) as pilot:
        await pilot.press("C", *"bestloss")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "best val_loss" not in text and "best loss" in text and "step of how many" not in text
        await pilot.press("space", "enter")
        await settled(pilot)
        assert "best loss" in head(pilot.app)
    async with opened(busy(), (120, 36), settings=SettingsFile(tmp_path)) as pilot:
        assert pilot.app.settings.value.columns[3] == "best loss" and "best loss" in head(pilot.app)
        await pilot.press("C", "ctrl+r")
        await settled(pilot)
        assert pilot.app.settings.value.columns == () and "best loss" not in head(pilot.app)
        for keys in (("space", "escape"), ("enter",)):
            await pilot.press("C", *keys)
        await settled(pilot)
        assert pilot.app.settings.value.columns == ()


async def test_columns_can_be_moved_and_name_and_state_are_always_there(opened):
    async with opened(busy(), (120, 36)) as pilot:
        await pilot.press("C", *["space", "down"] * 2, "space", *["down"] * 3)
        await pilot.press(*["less_than_sign"] * 9, "enter")
        await settled(pilot)
        shown = pilot.app.screen.table.shown
        assert shown[:3] == ("worker", "state", pilot.app.settings.value.columns[0]) and "host" not in shown


async def test_a_sorted_column_is_shown_even_where_there_is_no_room(opened):
    async with opened(busy(), (80, 24)) as pilot:
        await pilot.press("H")
        await settled(pilot)
        assert "host" in pilot.app.screen.table.shown


async def test_columns_keep_their_places_while_every_figure_changes(opened):
    story = busy()
    async with opened(story, (160, 40)) as pilot:
        heads = {head(pilot.app)}
        for turn in range(12):
            figures = {"loss": 10.0 ** (turn - 6), "val_accuracy": 0.1 * turn, "consistency": -1.5 * turn}
            more = {"epoch": turn * 4, "step": 10**turn, "samples_per_s": 3.0**turn, "eta_s": 9.0**turn}
            story.worker("attention", "gpu1", "training", **{**TRAINING, "metrics": figures, **more})
            pilot.app.source.becomes(story.fleet)
            await repainted(pilot)
            heads.add(head(pilot.app))
        assert len(heads) == 1


@given(st.floats(-99, 999), st.floats(-99, 999))
def test_decimal_points_stand_below_each_other(one, other):
    def point(value):
        text = f"{decimal(value):>7}"
        whole = text.rstrip()
        return text.find(".") if "." in text and "e" not in text else 3 if whole.lstrip("-").isdigit() else None

    places = {place for value in (one, other) if (place := point(value)) is not None and abs(value) >= 0.001}
    assert len(places) <= 1


@given(st.lists(st.none() | st.floats(allow_nan=True), max_size=12), st.booleans())
def test_sorting_is_stable_and_what_has_no_value_comes_last(values, downward):
    rows = list(enumerate(values))
    column = Column("x", 1, 0, lambda row, width: (), name="x", key=lambda row: row[1])
    found = ordered(rows, column, downward=downward)
    assert sorted(found, key=lambda row: row[0]) == sorted(rows, key=lambda row: row[0]) or any(
        value is not None and math.isnan(value) for value in values
    )
    known = [value for _, value in found if value is not None and not math.isnan(value)]
    assert known == sorted(known, reverse=downward)
    lost = [place for place, value in found if value is None or math.isnan(value)]
    assert lost == sorted(lost) and [place for place, _ in found][len(known) :] == lost
    for before, after in itertools.pairwise(found):
        assert before[1] != after[1] or before[0] < after[0]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_column_can_carry_the_arrow_without_another_cell(width):
    rows = look(busy().fleet, RACES, NOW).workers
    columns = list(catalogue(rows).values())
    plain = "".join(text for text, _ in titles(columns))
    for column in columns:
        marked = "".join(text for text, _ in titles(columns, column.name, downward=True))
        assert len(marked) == len(plain) and marked.count("▾") == 1
        assert told(column.name)


def test_a_place_in_the_head_names_its_column():
    columns = [Column("a", 3, 0, lambda row, width: (), name="a"), Column("b", 4, 0, lambda row, width: (), name="b")]
    assert [at_cell(columns, x) for x in (0, 4, 5, 9, 99)] == ["a", "a", "b", "b", ""]


def test_chosen_columns_that_nobody_has_any_more_are_left_out():
    rows = look(racing().fleet, RACES, NOW).workers
    names = [column.name for column in worker_columns(rows, chosen=("gone", "eta", "worker"))]
    assert names == ["worker", "state", "eta"]


async def test_of_a_hundred_hosts_those_that_are_fine_share_a_line(opened):
    async with opened(large(), (120, 40)) as pilot:
        text = screen_text(pilot.app)
        assert "94 hosts fine: 752 GPUs" in text and "gpu003" in text and "gpu050  H100" not in text
        await pilot.press("1", "G", "enter")
        await settled(pilot)
        assert pilot.app.screen.query_one("#hosts").lines == 100
        assert "99 hosts fine" not in screen_text(pilot.app)
        await pilot.press("g")
        for _ in range(3):
            await pilot.press("j")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HostScreen) and screen_lines(pilot.app)[0].startswith(" gpu003")
        await pilot.press("escape", "z")
        await settled(pilot)
        assert "94 hosts fine" in screen_text(pilot.app)


async def test_the_cursor_stays_on_its_host_when_others_break(opened):
    story = large()
    async with opened(story, (120, 40)) as pilot:
        await pilot.press("1", "j", "j")
        name = pilot.app.screen.query_one("#hosts").selected.name
        story.tell("gpu001", LinkState("unreachable", "gone"))
        pilot.app.source.becomes(story.fleet)
        await repainted(pilot)
        assert pilot.app.screen.query_one("#hosts").selected.name == name
        assert "93 hosts fine" in screen_text(pilot.app)


async def test_failed_and_forgotten_rows_out_of_sight_are_counted_in_the_head(opened):
    async with opened(large(20, 100), (200, 50)) as pilot:
        await pilot.press("C", *"epoch", "space", "enter")  # leaves room at the right
        await settled(pilot)
        assert "↓ ✗" in head(pilot.app)


async def test_many_workers_follow_the_cursor_at_every_size(opened):
    async with opened(large(20, 400), (80, 24)) as pilot:
        await pilot.press("G")
        await settled(pilot)
        assert any(line.startswith("›") and "w398" in line for line in screen_lines(pilot.app))
        for size in ((200, 50), (60, 16), (120, 40)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            assert pilot.app.screen.table.selected.worker == "w398"
            assert any(line.startswith("›") and "w398" in line for line in screen_lines(pilot.app)), size


async def test_what_happened_is_told_of_all_workers_newest_first(opened):
    story = busy()
    async with opened(story) as pilot:
        for _ in range(2):
            await pilot.press("right_square_bracket")
        story.tell("gpu1", LinkState("stale", "nothing heard for 3.0 s"), at=NOW + 5)
        pilot.app.source.becomes(story.fleet)
        await repainted(pilot)
        lines = [line for line in screen_lines(pilot.app) if line.startswith(" 12:")]
        assert "gpu1" in lines[0] and "stale" in lines[0] and "nothing heard" in lines[0]
        checkpoint = next(line for line in lines if "checkpoint" in line)
        assert "attention" in checkpoint and "epoch 14" in checkpoint
        times = [line.split()[0] for line in lines]
        assert times == sorted(times, reverse=True)


async def test_taller_tables_end_where_there_is_no_more_to_give(opened):
    async with opened(busy(), (80, 24)) as pilot:
        workers = pilot.app.screen.query_one("#workers").size.height
        await pilot.press(*["plus"] * 30)
        await settled(pilot)
        assert workers < pilot.app.screen.query_one("#workers").size.height
        assert pilot.app.screen.query_one("#detail").size.height >= 4
        most = pilot.app.settings.value.taller
        await pilot.press("minus", "minus")
        assert pilot.app.settings.value.taller == most - 2


async def test_the_filter_says_what_is_wrong_with_it(opened):
    async with opened(busy()) as pilot:
        await pilot.press("slash", *"zzz", "greater_than_sign", "1")
        await settled(pilot)
        assert "no field or metric 'zzz'" in screen_lines(pilot.app)[-1]
        await pilot.press("escape", "slash", *"sta")
        await settled(pilot)
        await pilot.press("right")
        assert pilot.app.screen.query_one("#filter").value == "state="


def test_filter_problems_and_completions():
    rows = look(busy().fleet, RACES, NOW).workers
    assert problem("magvit !planned state=failed acc>0.8 host~gpu[12] eta<60", rows) == ""
    for text, words in {
        "val>1": "",
        "loss>x": "compare it with a number",
        "loss~3": "use > <",
        "state>3": "is text",
        "host~gpu[": "no regular expression",
        "!(": "no regular expression",
        "foo=1": "no field or metric",
    }.items():
        assert words in problem(text, rows) and bool(words) == bool(problem(text, rows)), text
    assert completion("ho", rows) == "host=" and completion("x !ho", rows) == "x !host="
    assert completion("state=fa", rows) == "state=failed" and completion("cons", rows) == "consistency>"
    assert completion("", rows) is None and completion("zzz", rows) is None and completion("host=zz", rows) is None


@given(st.text(alphabet="abstate=~!<>0.8[( é", max_size=20))
def test_no_text_makes_the_filter_fail(text):
    rows = look(busy().fleet, RACES, NOW).workers
    problem(text, rows)
    completion(text, rows)


def test_gpus_and_their_holders_are_told_apart():
    fleet = crowded().fleet
    known, host = holders(fleet), fleet.hosts["gpu1"]
    whose = {
        item.process.pid: (item.worker, item.own)
        for gpu in host.telemetry.gpus
        for item in [holder(host, process, known) for process in gpu.processes]
    }
    assert whose == {103: ("attention", True), 9923: ("", False), 8000: ("", True)}
    assert strangers(host, known) == 1
    ((key, indices),) = gpus_of(fleet).items()
    assert key.run.startswith("attention") and indices == (0,)


async def test_the_gpu_column_names_the_gpus_of_a_worker(opened, tmp_path):
    settings = SettingsFile(tmp_path)
    settings.change(columns=("gpu", "patience"))
    async with opened(crowded(), settings=settings) as pilot:
        row = next(line for line in screen_lines(pilot.app) if "attention" in line and "training" in line)
        assert row.split()[-1] == "0" and "gpu" in head(pilot.app)


async def test_a_host_in_the_table_shows_who_holds_its_gpus(opened):
    async with opened(crowded(), (200, 40), actions=FakeActions()) as pilot:
        line = next(line for line in screen_lines(pilot.app) if line.startswith("  ● gpu1"))
        assert "me 2 alma 1" in line


def test_the_variant_of_a_gpu_is_left_out_of_its_short_name():
    from console.widgets.host_columns import _kind

    story = Story()
    for place, name in enumerate(("NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-40GB", "AMD Instinct MI300X", "80GB")):
        story.host(f"h{place}", gpus=(replace(H100[0], name=name),))
    rows = look(story.fleet, RACES, NOW).hosts
    assert [_kind(row) for row in rows] == ["H100", "A100", "MI300X", "80GB"]
