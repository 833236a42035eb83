"""The pure half of the widgets: charts, columns, cells, criteria, filter, heights."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui_fleets import NOW, RACES, busy, filling, fresh, racing, won

from console.screens.filter import parse
from console.screens.layout import heights, too_small
from console.screens.picture import look
from console.widgets.columns import choose, titles
from console.widgets.criteria import criteria_lines
from console.widgets.facts import event_line, fact_lines, folded
from console.widgets.heading import banner, header, keys, rule
from console.widgets.lines import cut, padded, width_of
from console.widgets.worker_columns import metric_names, worker_columns
from console.widgets.worker_words import message

LINE = st.lists(st.tuples(st.text(alphabet="ab日é …", max_size=6), st.just("text")), max_size=6).map(tuple)


def text_of(line):
    return "".join(text for text, _ in line)


@functools.cache
def picture(tell):
    return look(tell().fleet, RACES, NOW)


def row_of(tell, worker):
    return next(row for row in picture(tell).workers if row.worker == worker)


@given(LINE, st.integers(0, 30))
def test_padding_and_cutting_are_exact(line, width):
    assert width_of(padded(line, width)) == width
    assert width_of(cut(line, width)) <= width


@pytest.mark.parametrize("width", range(56, 260, 7))
def test_columns_never_overflow_and_keep_the_needed_ones(width):
    rows = picture(busy).workers
    columns = choose(worker_columns(rows), width)
    assert sum(column.width + 2 for column in columns) - 2 <= width
    shown = [column.title.strip() for column in columns]
    assert shown[:1] == ["WORKERS"] and "state" in shown and "epoch" in shown
    assert width_of(titles(columns)) <= width


def test_at_80_columns_the_shipped_race_shows_what_matters():
    rows = picture(racing).workers
    shown = [column.title.strip() for column in choose(worker_columns(rows, many_hosts=False), 75)]
    assert shown == ["WORKERS", "state", "epoch", "val_acc", "ratio", "criteria", "eta"]


def test_metrics_of_the_criteria_come_first():
    assert metric_names(picture(busy).workers)[:4] == ["val_accuracy", "attention_ratio", "consistency", "loss"]


@pytest.mark.parametrize(
    ("story", "worker", "words"),
    [
        (fresh, "attention", "planned 40 s ago, never started"),
        (racing, "pretrained", "making 1,600 clips"),
        (busy, "magvit", "ModuleNotFoundError: No module named 'unified_model'"),
        (busy, "slowfast", "waits for 2 GPUs, 1 free"),
        (busy, "imagenet", "SIGKILL"),
    ],
)
def test_a_row_without_figures_says_why(story, worker, words):
    assert words in text_of(message(row_of(story, worker)))


def test_a_training_row_shows_figures():
    assert message(row_of(racing, "attention")) == ()


def test_criteria_say_what_is_missing():
    lines = [text_of(line) for line in criteria_lines(row_of(racing, "attention"), 76)]
    assert lines[0].startswith("why it has not stopped") and "0/3" in lines[0]
    assert "✗ attention_ratio" in lines[2] and "1.320" in lines[2] and ">= 1.50" in lines[2]
    assert "best 1.350 at epoch 12" in lines[2]
    assert lines[4] == "next check after epoch 20, in about 10 min"


def test_criteria_of_a_winner():
    assert "all criteria are met" in text_of(criteria_lines(row_of(won, "attention"), 76)[0])


def test_facts_name_state_evidence_checkpoint_and_run():
    text = "\n".join(text_of(line) for line in fact_lines(row_of(racing, "attention"), NOW))
    assert "training" in text and "checkpoint epoch 14, 3 min ago" in text and "run here:attention-" in text


def test_facts_name_what_their_host_has_that_will_not_wait():
    text = "\n".join(text_of(line) for line in fact_lines(row_of(filling, "pretrained"), NOW, 60))
    assert "! gpu2: GPU 0 is slowed down (heat; 92 °C)" in text and "  look at its fans" in text
    assert "9 d" not in text  # far enough away


def test_an_event_of_any_shape_is_a_line():
    assert text_of(event_line({"t": "yesterday", "event": ["odd"], "deep": {"a": [1, None]}})) == (
        "--:--:--  ['odd']  deep {\"a\": [1, null]}"
    )


@given(st.text(alphabet="ab 日", max_size=80), st.integers(2, 30))
def test_folding_loses_no_word_and_keeps_the_width(text, width):
    from console.format import cell_len

    parts = folded(text, width)
    assert all(cell_len(part) <= width for part in parts)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", 9),
        ("gpu1", 4),
        ("!gpu1", 5),
        ("state=failed", 1),
        ("state!=failed", 8),
        ("host~gpu[12]", 8),
        ("acc>0.9", 2),
        ("attention_ratio>=1.3", 1),
        ("epoch<13 host=gpu1", 2),
        ("criteria>0", 1),
        ("unified_model", 1),
        ("[", 0),
        ("nothing=1", 0),
        ("epoch>many", 0),
        ("!", 9),
    ],
)
def test_filter(typed, found):
    assert len([row for row in picture(busy).workers if parse(typed)(row)]) == found


@given(st.text(max_size=30))
def test_no_text_makes_the_filter_fail(typed):
    predicate = parse(typed)
    assert all(predicate(row) in (True, False) for row in picture(fresh).workers)


@given(st.integers(12, 80), st.integers(0, 60), st.integers(1, 300))
def test_the_lower_pane_keeps_its_lines(height, hosts, workers):
    for_hosts, for_workers = heights(height, hosts, workers)
    assert for_hosts >= 1 and for_workers >= 2
    assert height - for_hosts - for_workers >= min(7, height - for_hosts - 3)


def test_too_small():
    assert too_small(59, 24) and too_small(80, 15) and not too_small(60, 16)


@given(st.integers(60, 240))
def test_headings_have_exactly_the_width(width):
    shown = picture(busy)
    assert width_of(header(shown.hosts, shown.workers, shown.race, NOW, width, readonly=True)) == width
    assert width_of(rule("attention", ("log", "chart"), "log", "following", width, focus=True)) == width
    assert width_of(keys([("s", "start"), ("x", "stop")] * 20, width)) <= width


def test_the_banner_names_winner_loser_and_picture():
    lines = [text_of(line) for line in banner(picture(won).race, 200)]
    assert len(lines) == 1
    assert "★ attention wins the race persistence" in lines[0] and "⚑ pretrained: lost the race" in lines[0]
    assert lines[0].endswith("/figures/race.png")
    assert all(width_of(line) <= 80 for line in banner(picture(won).race, 80))
    assert text_of(banner(picture(won).race, 80)[1]).endswith("/figures/race.png")


def test_no_banner_while_the_race_goes_on():
    assert banner(picture(racing).race, 120) == []
