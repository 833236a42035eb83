"""The pure half of charts: scales, ticks, digests, smoothing, columns of dots, the cursor, what keys do to the look."""

import math
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.charts import look as looks
from console.charts import raster
from console.charts.digest import BLOCK, Digest
from console.charts.forecast import epoch_of
from console.charts.look import Look
from console.charts.memory import ChartMemory
from console.charts.nearness import holds, missing, passed, way
from console.charts.panel import Panel, Series, panels, quantities, quantity
from console.charts.readout import place_words, values
from console.charts.scale import Scale, clock, label, labels, scale_of, ticks, time_ticks
from console.charts.smooth import Smoothed
from console.charts.strokes import strokes
from console.fleet.model import Run, RunKey
from console.fleet.points import metric_names, points
from console.fleet.rows import Rows
from console.settings import ChartChoices
from trainer.record.status import Criterion

ANY = st.floats(allow_nan=True, allow_infinity=True)
FINITE = st.floats(-1e12, 1e12)
MANY = st.lists(FINITE, min_size=1, max_size=400)


def line(ys, every=1.0):
    return [every * at for at in range(len(ys))], list(ys)


def as_lists(run, metric, axis="step"):
    xs, ys = points(run, metric, axis)
    return list(xs), list(ys)


def run_of(*rows):
    return Run(RunKey("here", f"r{id(rows)}"), 0.0, 0.0, rows=Rows([dict(row) for row in rows]))


@given(st.lists(ANY, max_size=30), st.booleans())
def test_a_scale_is_never_empty_and_has_a_place_for_every_value_that_can_have_one(values, log):
    scale = scale_of(values, log=log)
    assert scale.low < scale.high and math.isfinite(scale.high - scale.low) and (scale.low > 0 or not log)
    for value in values:
        assert 0 <= scale.row(value, 40) <= 39 if math.isfinite(value) else True


@given(FINITE, st.floats(1e-9, 1e12), st.integers(1, 12))
def test_ticks_are_round_rising_inside_and_not_too_many(low, span, most):
    scale = Scale(low, low + span) if low + span > low else Scale(low, low + abs(low) or 1.0)
    found = ticks(scale, most)
    assert len(found) <= most and found == sorted(set(found))
    slack = (scale.high - scale.low) * 1e-6
    assert all(scale.low - slack <= value <= scale.high + slack for value in found)
    assert len(labels(found)) == len(found)


@pytest.mark.parametrize(
    ("scale", "most", "wanted"),
    [
        (Scale(0.0, 1.0), 3, ["0", "0.5", "1.0"]),
        (Scale(0.312, 0.361), 4, ["0.32", "0.34", "0.36"]),
        (Scale(0, 25_000), 4, ["0", "10k", "20k"]),
        (Scale(-3, 3), 4, ["-2", "0", "2"]),
        (Scale(1e-4, 3.0, True), 6, ["0.0001", "0.001", "0.01", "0.1", "1"]),
    ],
)
def test_labels_have_as_many_digits_as_they_need(scale, most, wanted):
    found = ticks(scale, most)
    assert labels(found, log=scale.log) == wanted


def test_labels_of_the_very_large_and_small():
    assert [label(0.00002, 1e-5), label(3e18, 1e18), label(1_500_000, 500_000)] == ["2e-5", "3e18", "1.5M"]


@given(st.floats(0, 1e7), st.floats(1, 1e7), st.integers(2, 8))
def test_times_stand_at_round_times(low, span, most):
    found = time_ticks(Scale(low, low + span), most)
    assert len(found) <= most and all(low - 1 <= value <= low + span + 1 for value in found)
    assert (clock(7515), clock(31), clock(400_000)) == ("2:05:15", "0:31", "4d15h")


@given(st.lists(ANY, max_size=5 * BLOCK), st.integers(0, 4), st.integers(1, 3 * BLOCK))
def test_a_digest_that_grew_knows_what_one_made_at_once_knows(ys, cut, step):
    whole, grown = Digest().take(line(ys)), Digest()
    for end in (*range(cut, len(ys), step), len(ys)):
        assert grown.take(line(ys[:end])) is grown
    assert (grown.lows, grown.highs, grown.bad) == (whole.lows, whole.highs, whole.bad)


@given(MANY, st.data())
def test_the_range_of_any_part_is_that_of_its_values(ys, data):
    digest = Digest().take(line(ys * 3))
    start = data.draw(st.integers(0, len(ys) * 3 - 1))
    end = data.draw(st.integers(start + 1, len(ys) * 3))
    part = (ys * 3)[start:end]
    assert digest.range(start, end) == (min(part), max(part))


@given(st.lists(ANY, max_size=4 * BLOCK), st.integers(1, 2 * BLOCK))
def test_a_list_that_grows_in_place_is_seen_to_grow(ys, step):
    xs, grown, digest = [], [], Digest()
    for begin in range(0, len(ys), step):
        part = ys[begin : begin + step]
        xs += [float(begin + at) for at in range(len(part))]
        grown += part
        assert len(digest.take((xs, grown))) == len(grown)
    whole = Digest().take(line(ys))
    assert (digest.lows, digest.highs, digest.bad) == (whole.lows, whole.highs, whole.bad)
    assert digest.xs is xs or not ys  # nothing was copied


def test_a_series_that_was_taken_back_is_looked_at_anew():
    digest = Digest().take(line(range(500)))
    assert digest.take(line([*range(300), *range(900, 1100)])).range(0, 500) == (0, 1099)
    assert len(digest.take(line([1.0]))) == 1


def test_steps_that_jump_are_put_in_order():
    digest = Digest().take(([3.0, 1.0, math.nan, 2.0], [30.0, 10.0, 99.0, 20.0]))
    assert (list(digest.xs), list(digest.ys)) == ([1.0, 2.0, 3.0], [10.0, 20.0, 30.0])


@given(st.lists(FINITE, min_size=1, max_size=60, unique=True).map(sorted), FINITE)
def test_the_nearest_point_is_the_nearest(xs, x):
    digest = Digest().take((xs, xs))
    place = digest.nearest(x)
    assert place is not None and abs(xs[place] - x) == min(abs(one - x) for one in xs)


@given(MANY, st.sampled_from((0.6, 0.9, 0.98)), st.integers(0, 400))
def test_smoothing_stays_between_the_values_begins_at_the_first_and_can_be_continued(ys, weight, cut):
    smoothed = Smoothed(weight)
    smoothed.of(ys[:cut])
    found = smoothed.of(ys)
    assert list(found) == list(Smoothed(weight).of(ys))
    slack = 1e-9 * max(map(abs, ys)) + 1e-9
    assert found[0] == pytest.approx(ys[0])
    assert all(min(ys) - slack <= value <= max(ys) + slack for value in found)


def test_smoothing_leaves_out_what_is_no_number():
    found = Smoothed(0.6).of([1.0, math.nan, 1.0, math.inf])
    assert [math.isnan(value) for value in found] == [False, True, False, True] and found[2] == pytest.approx(1.0)


@given(st.lists(ANY, min_size=1, max_size=900), st.integers(1, 60))
def test_columns_keep_every_least_and_greatest_value(ys, columns):
    digest = Digest().take(line(ys))
    found = strokes(digest, Scale(0.0, float(len(ys) - 1) or 1.0), columns)
    finite = [value for value in ys if math.isfinite(value) and abs(value) < 1e150]
    assert found.extent == ((min(finite), max(finite)) if finite else None)
    assert bool(found.signs) == (len(finite) < len(ys))
    at = [stroke[0] for stroke in found.columns]
    assert at == sorted(at) and all(0 <= column < columns for column in at)


def test_one_row_of_a_million_is_seen():
    ys = [0.0] * 1_000_000
    ys[654_321] = 1.0
    found = strokes(Digest().take(line(ys)), Scale(0.0, 999_999.0), 80)
    drawn = raster.Raster.empty(40, 5)
    drawn.draw(found, Scale(0.0, 1.0))
    assert sum(mask > 0 for mask in drawn.cells(0)) == 1 and drawn.cells(0)[654_321 * 40 // 1_000_000]


def test_what_is_no_number_breaks_the_line():
    found = strokes(Digest().take(line([1.0, 1.0, math.nan, 1.0, 1.0])), Scale(0.0, 4.0), 100)
    assert [stroke[5] for stroke in found.columns] == [False, True, False, True]
    assert [column for column, _ in found.signs] == [49]


@given(
    st.lists(ANY, min_size=1, max_size=300), st.integers(1, 40), st.integers(1, 12), st.sampled_from(raster.PATTERNS)
)
def test_a_drawing_has_its_size_and_never_fails(ys, width, height, pattern):
    found = strokes(Digest().take(line(ys)), Scale(0.0, float(len(ys))), 2 * width)
    for log in (False, True):
        drawn = raster.Raster.empty(width, height)
        drawn.draw(found, scale_of(found.extent or (), log=log), pattern)
        rows = [raster.text(drawn.cells(row)) for row in range(height)]
        assert [len(row) for row in rows] == [width] * height


def test_patterns_differ_where_colour_is_missing():
    drawn = []
    for pattern in raster.PATTERNS:
        one = raster.Raster.empty(20, 1)
        one.draw(strokes(Digest().take(line([0.0] * 40)), Scale(0.0, 39.0), 40), Scale(-1.0, 1.0), pattern)
        drawn.append(raster.text(one.cells(0)))
    assert len(set(drawn)) == len(raster.PATTERNS) and len(set(raster.SAMPLES)) == len(raster.SAMPLES)


def test_on_a_log_axis_what_is_not_above_zero_has_no_place():
    one = raster.Raster.empty(4, 2)
    one.draw(strokes(Digest().take(line([0.0, -1.0, 0.0, -5.0])), Scale(0.0, 3.0), 8), scale_of([], log=True))
    assert not any(one.columns)


LOOKS = st.lists(st.sampled_from(["in", "out", "left", "right", "pan", "back", "axis", "all"]), max_size=40)


@given(LOOKS)
def test_no_keys_lead_outside_of_what_there_is(keys):
    whole, look = (10.0, 500.0), Look()
    does = {
        "in": lambda look: looks.zoomed(look, whole, True),
        "out": lambda look: looks.zoomed(look, whole, False),
        "left": lambda look: looks.moved(look, whole, -2, 100),
        "right": lambda look: looks.moved(look, whole, 20, 100),
        "pan": lambda look: looks.panned(look, whole, 1),
        "back": lambda look: looks.panned(look, whole, -1),
        "axis": looks.other_axis,
        "all": looks.unzoomed,
    }
    for key in keys:
        look = does[key](look)
        left, right = look.window or whole
        assert whole[0] - 1e-6 <= left < right <= whole[1] + 1e-6
        assert look.cursor is None or whole[0] <= look.cursor <= whole[1]
    while look.window is not None:
        look = looks.zoomed(look, whole, False)


def test_the_cursor_takes_the_window_along():
    look = looks.moved(Look(window=(10.0, 20.0), cursor=20.0), (0.0, 100.0), 10, 11)
    assert look.cursor == 30.0 and look.window == (20.0, 30.0)


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        ("loss", ("loss", "train")),
        ("val_loss", ("loss", "val")),
        ("train/accuracy", ("accuracy", "train")),
        ("validation_f1", ("f1", "val")),
        ("value", ("value", "train")),
        ("val_", ("val_", "train")),
    ],
)
def test_training_and_validation_of_one_quantity(metric, wanted):
    assert quantity(metric) == wanted


def test_losses_come_first_then_what_decides():
    rule = (Criterion("consistency", ">=", 0.7), Criterion("val_accuracy", ">=", 0.75))
    names = ("lr", "step_s", "val_accuracy", "loss", "consistency", "val_loss")
    assert list(quantities(names, rule)) == ["loss", "consistency", "accuracy", "step_s", "lr"]
    assert quantities(names, rule)["loss"] == ("loss", "val_loss")


def test_rows_become_points_on_every_axis_and_validations_keep_their_loss_apart():
    run = run_of(
        {"t": 100.0, "step": 5, "epoch": 0, "phase": "train", "loss": 2.0, "note": "x", "done": True},
        {"t": 103.5, "step": 10, "epoch": 1, "phase": "val", "loss": 1.0, "acc": math.nan},
        {"loss": 10**400},  # more than a number can be: left out
    )
    assert metric_names(run) == ("loss", "val_loss", "acc")
    assert as_lists(run, "loss") == ([5.0], [2.0])
    assert as_lists(run, "val_loss", "time") == ([3.5], [1.0]) and as_lists(run, "acc", "epoch")[0] == [1.0]
    assert as_lists(run, "nothing") == ([], [])


def test_points_begin_again_when_rows_are_taken_back():
    run = run_of(*({"step": step, "loss": 1.0} for step in range(9)))
    assert len(points(run, "loss")[0]) == 9
    from dataclasses import replace

    rows = run.rows.extended([{"phase": "resume", "step": 3}, {"step": 4, "loss": 7.0}])
    assert points(replace(run, rows=rows), "loss")[1][-1] == 7.0
    assert len(points(replace(run, rows=rows), "loss")[1]) == 5


def test_the_cursor_reads_the_nearest_value_and_nothing_where_there_is_no_curve():
    early, late = Digest().take(([0.0, 10.0], [1.0, 2.0])), Digest().take(([50.0, 60.0], [3.0, 4.0]))
    assert values([early, late], 9.0, 1.0) == [2.0, None] and values([early, late], 58.0, 1.0) == [None, 4.0]
    run = run_of({"t": 0.0, "step": 0, "epoch": 0, "loss": 1.0}, {"t": 65.0, "step": 7480, "epoch": 15, "loss": 1.0})
    (panel,) = panels(run)
    assert place_words(panel.series, "step", 7000.0) == "step 7,480 · epoch 15 · 1:05"
    assert place_words(panel.series, "time", 60.0) == "step 7,480 · epoch 15 · 1:05"
    assert place_words([], "step", 5.0) == "step 5"


RULES = st.builds(Criterion, st.just("m"), st.sampled_from([">=", ">", "<=", "<"]), st.floats(0.1, 10))


@given(RULES, st.lists(st.floats(0, 20), max_size=12))
def test_the_way_is_a_share_and_all_of_it_exactly_when_all_hold(rule, found):
    run = run_of(*({"step": at, "epoch": at, "m": value} for at, value in enumerate(found)))
    places, shares = way(run, (rule,), "epoch")
    assert list(places) == [float(at) for at in range(len(found))]
    assert all(0 <= share <= 1 for share in shares)
    assert [count == 1.0 for count in passed(run, (rule,), "epoch")[1]] == [holds(rule, value) for value in found]


def test_what_is_missing_to_a_threshold():
    assert missing(Criterion("m", ">=", 0.75, 0.7)) == pytest.approx(0.05)
    assert missing(Criterion("m", "<", 0.75, 0.7)) == 0.0 and missing(Criterion("m", ">", 1.0)) is None


def test_a_forecast_follows_the_last_validations():
    rule = Criterion("m", ">=", 10.0)
    assert epoch_of(rule, range(1, 7), [1, 2, 3, 4, 5, 6]) == 10
    assert epoch_of(rule, range(1, 7), [6, 5, 4, 3, 2, 1]) is None  # away from it
    assert epoch_of(rule, [1, 2], [1, 2]) is None  # too few
    assert epoch_of(rule, range(1, 7), [1, 1, 1, 1, 1, 1.0001]) is None  # nobody lives that long
    assert epoch_of(Criterion("m", "<=", 0.0), range(1, 7), [6, 5, 4, 3, 2, 1]) == 7


@given(RULES, st.lists(st.tuples(ANY, ANY), max_size=10))
def test_no_points_make_a_forecast_fail(rule, found):
    epoch = epoch_of(rule, [x for x, _ in found], [y for _, y in found])
    assert epoch is None or isinstance(epoch, int)


def test_what_was_chosen_is_told_and_taken_up_again():
    told = []
    memory = ChartMemory(None, told.append)
    memory.chose(looks.other_axis(looks.toggled_log(looks.other_smoothing(Look(at=3, cursor=1.0)), "loss")))
    memory.show_only({"lr": False, "loss": True})
    assert told[-1] == ChartChoices("epoch", 0.6, ("loss",), ("lr",))
    again = ChartMemory(told[-1])
    assert again.look == Look("epoch", 0.6, frozenset({"loss"})) and not again.shown("lr") and again.shown("new")


def test_a_metric_that_was_hidden_comes_back():
    told = []
    memory = ChartMemory(ChartChoices(hidden=("lr", "of another task")), told.append)
    memory.show_only({"lr": True, "loss": True})
    assert memory.shown("lr") and told[-1].hidden == ("of another task",)


@pytest.mark.parametrize("odd", [ChartChoices("miles", 0.123), ChartChoices(log=("gone",), hidden=("gone",))])
def test_what_was_kept_may_mean_nothing_here(odd):
    memory = ChartMemory(odd)
    assert (memory.look.axis, memory.look.smoothing) == ("step", 0.0) and memory.shown("loss")


def test_a_cursor_that_moves_draws_no_curve_again():
    memory, asked = ChartMemory(), []
    panel = Panel("m", (Series("k", "m", lambda axis: ([0.0], [1.0])),))
    for _ in range(3):
        memory.drawing((panel, Look()), lambda: asked.append(1) or "drawn")
    assert asked == [1]


def test_bisection_of_a_window():
    xs = [0.0, 1.0, 1.0, 2.0]
    assert Digest().take((xs, xs)).window(1.0, 1.5) == (bisect_left(xs, 1.0), 3)
