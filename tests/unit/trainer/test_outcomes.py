"""A run's figures from its folder alone; tables of them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from trainer.outcomes import settings, standing, words
from trainer.outcomes.outcome import outcome, parts, read
from trainer.outcomes.table import Table, cells, from_json, markdown, text, to_json
from trainer.record import RunReader
from trainer.record.status import from_json as status_from

CONFIG = {
    "task": "shapes",
    "run": {"seed": 3, "epochs": 5, "name": "a"},
    "data": {"val": 200},
    "checkpoint": {"best_metric": "val_mse"},
    "origin": {"worker": "w", "host": "h"},
}
ROWS = [
    {"phase": "val", "epoch": 0, "step": 0, "val_accuracy": 0.9, "val_mse": 0.0},
    {"phase": "train", "epoch": 1, "step": 5, "loss": 1.0, "samples_per_s": 100.0},
    {"phase": "val", "epoch": 1, "step": 5, "val_accuracy": 0.5, "val_mse": 0.2},
    {"phase": "train", "epoch": 2, "step": 10, "loss": 1.0, "samples_per_s": 120.0},
    {"phase": "val", "epoch": 2, "step": 10, "val_accuracy": 0.6, "val_mse": 0.1},
    {"phase": "val", "epoch": 3, "step": 15, "val_accuracy": 0.7, "val_mse": 0.3},
]
RESULTS = {"state": "finished", "seconds": 61.0, "parameters": 7, "best": {"val_mse": {"value": 0.1, "mode": "min"}}}


def made(rows=ROWS, **more):
    validations, paces = parts(rows)
    values = {"config": CONFIG, "status": None, "results": RESULTS, "validations": validations, "paces": paces, **more}
    return outcome("a-1", **values)


def test_the_epoch_told_is_that_of_the_best_checkpoint():
    found = made()
    assert (found.epoch, found.key, found.metrics) == (2, "val_mse", {"val_accuracy": 0.6, "val_mse": 0.1})
    assert (found.worker, found.seed, found.samples, found.samples_per_s) == ("w", 3, 200, 110.0)
    plain = made(config={**CONFIG, "checkpoint": {}})
    assert (plain.epoch, plain.key) == (3, "val_accuracy")
    first = made(config={**CONFIG, "checkpoint": {}, "stop": {"all": ["val_mse <= 0.2"]}})
    assert (first.epoch, first.key) == (2, "val_mse")
    interval = plain.accuracy()
    assert interval is not None and interval.low < 0.7 < interval.high


def test_a_run_of_another_program_has_what_its_folder_says():
    folder = Path(__file__).parents[2] / "data/run_v1"
    found = read(RunReader(folder))
    assert found.run == "run_v1" and found.state and found.metrics
    assert text(standing.table("x", [found]))


def test_an_empty_folder_is_unknown_all_over(tmp_path):
    found = read(RunReader(tmp_path))
    assert (found.metrics, found.seconds, found.accuracy(), found.state) == ({}, None, None, "")
    assert words.UNKNOWN in "\n".join(text(standing.table("x", [found])))


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["run", "data", "stop", "checkpoint", "origin", "best", "samples", "seconds", "state", "all"])


@settings_of(max_examples=40)
@given(st.dictionaries(KEYS, ANY), st.dictionaries(KEYS, ANY), st.lists(st.dictionaries(st.sampled_from(
    ["phase", "epoch", "val_accuracy", "samples_per_s", "x"]), ANY | st.just("val")), max_size=4))  # fmt: skip
def test_whatever_a_folder_holds_it_becomes_a_row(config, results, rows):
    found = made(config=config, results=results, rows=rows, status=status_from(results))
    table = standing.table("x", [found, made()])
    assert text(table) and markdown(table)
    json.dumps(standing.document([found, made()]), default=str)


def test_runs_of_other_work_and_other_data_stand_apart():
    other = made(config={**CONFIG, "data": {"val": 100}})
    foreign = made(config={})
    groups = standing.apart([made(), other, made(), foreign])
    assert [(title, len(members)) for title, members in groups] == [
        ("shapes", 2), ("shapes, other data", 1), ("other work", 1),
    ]  # fmt: skip


def test_accuracies_are_called_different_only_beyond_noise():
    def run(accuracy, worker):
        rows = [{"phase": "val", "epoch": 1, "val_accuracy": accuracy}]
        return made(rows=rows, config={**CONFIG, "checkpoint": {}, "origin": {"worker": worker}})

    (told,) = standing.verdicts([run(0.95, "good"), run(0.60, "bad")])
    assert "good above bad, +35.0 points" in told and "larger than noise" in told
    assert "no difference is larger than noise" in standing.verdicts([run(0.95, "good"), run(0.93, "bad")])[0]
    assert standing.verdicts([run(0.95, "good")]) == []


def test_settings_that_differ_and_seeds_that_do_not_count():
    other = {**CONFIG, "run": {"seed": 4, "epochs": 5, "name": "b"}}
    assert settings.differing([CONFIG, other]) == {"run.seed": (3, 4)}
    assert settings.same_but_seed([CONFIG, {**CONFIG, "task": "x"}, other]) == [[0, 2]]
    (line,) = standing.seeds([made(), made(config=other)])
    assert "2 seeds of one configuration" in line and "0.1000 ± 0.0000" in line


def test_a_table_fits_where_it_is_shown():
    table = Table("t", tuple(f"head{n}" for n in range(7)), (("row", tuple("x" * n for n in range(7))), ("part", ())))
    lines = text(table, 40)
    assert max(map(cells, lines)) <= 40 and sum("row" in line for line in lines) == 2
    assert {f"head{n}" for n in range(7)} <= set(" ".join(lines).split())


@given(ANY)
def test_a_table_from_elsewhere_is_never_an_error(value):
    table = from_json(value)
    assert from_json(to_json(table)) == table
    assert text(table) and markdown(table)


def test_a_row_without_words_in_a_block_is_left_out_of_it():
    rows = (("ada", ("1" * 20, "2" * 20)), ("bob", ("3" * 20, "")), ("nobody", ("", "")), ("heading", ()))
    lines = text(Table("t", ("one", "two"), rows), 32)
    assert [line.split()[0] for line in lines if line] == [
        *("t", "one", "ada", "bob", "nobody", "heading"), *("two", "ada", "nobody", "heading")
    ]  # fmt: skip


@given(st.text(max_size=30))
def test_no_word_of_a_run_steers_the_terminal_or_breaks_the_markdown(word):
    table = Table(word, (word,), ((word, (word,)),), (word,))
    assert not any(ord(letter) < 32 or ord(letter) == 127 for line in text(table) for letter in line)
    rows = [line for line in markdown(table) if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 3 for line in rows)


def test_numbers_are_told_as_people_do():
    assert [words.percent(v) for v in (1.0, 0.99999, 0.954, None)] == ["100.0 %", "99.9 %", "95.4 %", "–"]
    assert [words.figure(v) for v in (0.25, 2.345e-4, 12.345, float("nan"), float("inf"))] == [
        "0.2500", "2.3e-04", "12.35", "–", "∞",
    ]  # fmt: skip
    assert [words.size(v) for v in (12, 2048, 3 * 2**30, None)] == ["12 B", "2.0 KiB", "3.0 GiB", "–"]
    assert [words.seconds(v) for v in (5.0, 65.0, 7260.0)] == ["5.0 s", "1:05 min", "2:01 h"]
    assert words.names(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_accuracy_of_nothing_and_of_all_has_an_interval(value):
    rows = [{"phase": "val", "epoch": 1, "val_accuracy": value}]
    found = made(rows=rows).accuracy()
    assert found is not None and found.high - found.low > 0.01
