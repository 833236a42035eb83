"""Sweeps: names, workers, what is wrong with them, what came of them; clones and their lineage."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_evidence import RUN, Evidence, document
from hypothesis import given
from hypothesis import strategies as st

from console.config import is_name, parse
from console.deeds.queueing import Place, place_of
from console.editing.listed import grid_of, rows_of, values_of
from console.editing.resolving import refusals
from console.editing.wish import Wish, base_of
from console.fleet.fold import plan
from console.fleet.lineage import lineage_of
from console.fleet.model import Fleet, Planned
from console.fleet.view import worker_rows
from console.screens.filter import parse as filtered
from console.sweeping import MOST, combinations, flat, names
from console.swept import results
from trainer.record import toml
from trainer.schema import ConfigError

HEAD = (
    '[hosts.here]\n[hosts.b]\n[workers.w]\nhost = "here"\ntrainer = "persistence-attention"\n'
    'set = { run.epochs = 3, optim.lr = 5.0 }\n[workers.c]\nhost = "here"\ncommand = ["true"]\n'
)
VALUES = st.one_of(st.integers(-99, 10**6), st.floats(allow_nan=False), st.booleans(), st.text(max_size=12))
KEYS = st.from_regex(r"[a-z_]{1,8}(\.[a-z_]{1,8})?", fullmatch=True)


def config(sweep: str, more: str = ""):
    return parse(f"{HEAD}[sweeps.rates]\n{sweep}\n{more}", Path("/none/config.toml"))


@given(st.lists(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), max_size=12), st.sampled_from("ab"))
def test_names_are_names_and_no_two_alike_and_depend_on_their_own_values(rows, sweep):
    rows = [row for at, row in enumerate(rows) if str(row) not in map(str, rows[:at])]
    found = names(sweep, rows)
    assert all(is_name(name) and name.startswith(f"{sweep}-") for name in found)
    assert len(set(found)) == len(found)
    more = names(sweep, [*rows, {"other.key": "of another"}])
    assert more[:-1] == found


def test_every_combination_is_a_worker_and_hosts_take_turns():
    found = config(
        'worker = "w"\ngrid = { optim.lr = [0.1, 1e-5], "optim.kind" = ["adam", "sgd"] }\n'
        'hosts = ["here", "b"]\nat_once = 2\ngpus = 0.5',
        '[races.r]\nworkers = ["rates"]\n',
    )
    members = found.members("rates")
    assert members == (
        "rates-lr0_1-kind_adam", "rates-lr0_1-kind_sgd", "rates-lr1e-05-kind_adam", "rates-lr1e-05-kind_sgd",
    )  # fmt: skip
    assert [found.workers[name].host for name in members] == ["here", "b", "here", "b"]
    assert flat(found.workers[members[1]].set) == {"run.epochs": 3, "optim.lr": 0.1, "optim.kind": "sgd"}
    assert {found.workers[name].gpus for name in members} == {0.5}
    assert found.races["r"].workers == members and found.sweep_of(members[0]) == "rates" and not found.sweep_of("w")
    made = lineage_of(found.origins[members[1]])
    assert made is not None and made.words == "of sweep rates: optim.lr=0.1  optim.kind=sgd"


def test_a_command_gets_its_values_as_variables():
    found = config('worker = "c"\nlist = [{ LR = 0.5, FAST = true }, { LR = "x" }]')
    assert [dict(found.workers[name].env) for name in found.members("rates")] == [
        {"LR": "0.5", "FAST": "true"}, {"LR": "x"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ('worker = "x"\ngrid = { a = [1] }', "unknown worker 'x'"),
        ('worker = "w"\ngrid = { a = 1 }', "1 is no list of values"),
        ('worker = "w"\ngrid = { a = [] }', "is no list of values"),
        ('worker = "w"\ngrid = { a = [1, 1] }', "names a value twice"),
        ('worker = "w"', "needs either grid"),
        ('worker = "w"\ngrid = { a = [1] }\nlist = [{ a = 1 }]', "needs either grid"),
        ('worker = "w"\nlist = [{ a = 1 }, { a = 1 }]', "or one twice"),
        ('worker = "w"\nlist = [{}]', "has an empty combination"),
        ('worker = "c"\ngrid = { "a.b" = [1] }', "is no name of a variable"),
        ('worker = "w"\ngrid = { a = [1] }\nhosts = ["heer"]', "did you mean 'here'?"),
        ('worker = "w"\ngrid = { a = [1] }\ngpus = 1.5', "is no number of GPUs"),
        ('worker = "w"\ngrid = { a = [1] }\nat_once = -1', "out of range"),
        (f'worker = "w"\ngrid = {{ a = {list(range(40))}, b = {list(range(40))} }}', f"{MOST} at most"),
        ('worker = "w"\ngrid = { a = [1] }\n[workers.rates]\nhost = "here"\ncommand = ["true"]', "a worker is called"),
        ('worker = "w"\ngrid = { a = [1] }\n[workers.rates-a1]\nhost = "here"\ncommand = ["x"]', "there already"),
    ],
    ids=range(15),
)
def test_what_is_wrong_is_said_with_line_and_key(sweep, said):
    with pytest.raises(ConfigError, match=r"config.toml:\d+: sweeps\.") as error:
        config(sweep)
    assert said in str(error.value)


def test_values_as_they_are_typed(tmp_path):
    assert values_of("0.1,1e-3") == [0.1, 1e-3] and values_of("adam,sgd") == ["adam", "sgd"]
    assert values_of("[0.9, 0.99],[0.8, 0.9]") == [[0.9, 0.99], [0.8, 0.9]] and values_of("true,3") == [True, 3]
    assert grid_of(["optim.lr=0.1,1", "run.seed=0"]) == {"optim": {"lr": [0.1, 1]}, "run": {"seed": [0]}}
    for wrong in ("lr", "lr=", ".lr=1", "=1"):
        with pytest.raises(ValueError, match="key=value"):
            grid_of([wrong])
    table, rows = tmp_path / "a.csv", [{"optim": {"lr": 0.1, "kind": "sgd"}}, {"optim": {"lr": 1, "kind": "adam"}}]
    table.write_text("optim.lr,optim.kind\n0.1,sgd\n1,adam\n")
    assert rows_of(table) == rows
    other = tmp_path / "a.toml"
    other.write_text('list = [{ optim.lr = 0.1, optim.kind = "sgd" }, { optim = { lr = 1, kind = "adam" } }]\n')
    assert rows_of(other) == rows
    for name, text, said in (
        ("b.csv", "a,b\n1\n", "line 2 has 1 values"), ("c.csv", "a\n", "no combination"), ("d.csv", "", "no combin"),
        ("e.toml", "list = 3", "needs list"), ("f.toml", "=", "not TOML"), ("g.txt", "", "neither"),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError, match=said):
            rows_of(tmp_path / name)


def test_the_trainer_judges_all_variants_at_once():
    found = refusals("persistence-attention", [{"optim.lr": 0.1}, {"optim.lrr": 1}, {"run.batch": 0, "run.seed": -1}])
    assert found[0] == () and found[1] == ("optim.lrr: unknown key — did you mean 'lr'?",)
    assert [text.partition(":")[0] for text in found[2]] == ["run.seed", "run.batch"]
    assert "no such preset" in refusals("none", [{}, {}])[1][0]


def test_a_place_in_the_queue_is_found_again_in_run_toml():
    place = Place(1.0, ("a",), True, "rates", 2)
    assert place_of(place.origin) == place and place_of({"lane": "x", "at_once": "2"}) == Place() and Place(lane="x")


@given(st.lists(st.one_of(st.none(), st.floats(0, 1), st.just(math.nan)), min_size=1, max_size=5))
def test_the_best_comes_first_and_what_has_no_figure_last(values):
    found = config('worker = "w"\ngrid = { run.seed = [0, 1, 2, 3, 4] }')
    fleet = plan(
        Fleet(), [Planned(name, "here", 0.0, lineage_of(found.origins[name])) for name in found.members("rates")]
    )
    for number, value in enumerate(values):
        fleet = _ran(fleet, found.members("rates")[number], found.origins, value)
    told = results(found, fleet, "rates", 1e6, "val_accuracy")
    known = [value for value in values if value is not None and not math.isnan(value)]
    assert [row.value for row in told.rows] == sorted(known, reverse=True) + [None] * (5 - len(known))
    assert (told.best.value if told.best else None) == max(known, default=None)
    assert told.document["rows"][0]["values"].keys() == {"run.seed"} and len(told.table.rows) == 5
    assert sum("★" in cells[0] for _name, cells in told.table.rows) == known.count(max(known, default=2))


def _ran(fleet, worker, origins, value):
    evidence = Evidence()
    evidence.fleet = replace(evidence.fleet, planned=fleet.planned, runs=fleet.runs)
    run = f"{worker}-20260101-120000-0a0b"
    about = toml.dumps({"origin": {"worker": worker, **origins[worker]}})
    best = {} if value is None else {"val_accuracy": {"value": value, "epoch": 1, "mode": "max"}}
    status = {"state": "finished", "worker": worker, "best": best}
    for name, content in (("run.toml", about), ("status.json", status)):
        told = document(name, content) if isinstance(content, dict) else replace(document(name, {}), text=content)
        evidence.tell(replace(told, folder=f"runs/{run}"))
    return evidence.fleet


def test_a_metric_that_nobody_named_must_be_the_only_one():
    found = config('worker = "w"\ngrid = { run.seed = [0, 1] }')
    fleet = Evidence().fleet
    assert results(found, fleet, "rates", 0.0).metric == ""
    run = _ran(fleet, found.members("rates")[0], found.origins, None)
    assert results(found, run, "rates", 0.0).metric == "" and results(found, run, "rates", 0.0).best is None


def test_the_filter_finds_sweeps_before_they_ran():
    found = config('worker = "w"\ngrid = { run.seed = [0, 1] }')
    planned = [Planned(name, "here", 0.0, lineage_of(found.origins.get(name, {}))) for name in found.workers]
    rows = worker_rows(plan(Evidence().fleet, planned), 0.0)
    assert [row.worker for row in rows if filtered("sweep=rates")(row)] == list(found.members("rates"))
    assert [row.worker for row in rows if filtered("!sweep=rates")(row)] == ["w", "c"]


def test_a_clone_says_what_it_is_made_from_and_a_changed_worker_stays_what_it_was():
    found = parse(HEAD, Path("/none/config.toml"))
    evidence = Evidence()
    evidence.tell(replace(document("run.toml", {}), text='task = "x"\n[optim]\nlr = 0.5\n[origin]\nworker = "old"\n'))
    worker, run, newest = (base_of(found, evidence.fleet, word) for word in ("w", RUN, "old"))
    assert worker is not None and run is not None and newest == run
    assert base_of(found, evidence.fleet, "none") is None
    table = Wish(worker, "new", "here", changes={"optim.lr": 0.1}).table()
    assert table["cloned_from"] == "w" and table["cloned_with"] == {"optim": {"lr": 0.1}}
    assert table["set"] == {"run": {"epochs": 3}, "optim": {"lr": 0.1}}
    assert "cloned_from" not in Wish(worker, "w", "here", changes={"optim.lr": 0.1}).table()
    table = Wish(run, "again", "here").table()
    assert table == {"trainer": "again.toml", "host": "here", "cloned_from": RUN}
    text = HEAD + '[workers.n]\nhost = "b"\ncommand = ["x"]\ncloned_from = "w"\ncloned_with = { optim.lr = 0.1 }\n'
    made = parse(text, Path("/none/config.toml"))
    words = lineage_of(made.origins["n"])
    assert words is not None and words.words == "a clone of w: optim.lr=0.1"
    again = base_of(made, evidence.fleet, "n")
    assert again is not None and Wish(again, "n", "b").table()["cloned_from"] == "w"
    assert Wish(again, "n2", "b").table()["cloned_from"] == "n" and "cloned_with" not in Wish(again, "n2", "b").table()


@given(st.dictionaries(st.sampled_from(["study", "sweep", "clone", "by"]), st.one_of(st.integers(), st.dictionaries(
    st.sampled_from(["name", "of", "values", "number"]), st.one_of(st.text(), st.integers(), st.booleans()))))
)  # fmt: skip
def test_any_origin_has_a_lineage_or_none(origin):
    made = lineage_of(origin)
    assert made is None or (made.of and made.words)


def test_a_grid_is_every_combination_once():
    sweep = config('worker = "w"\ngrid = { a.b = [1, 2], c = [3, 4, 5] }').sweeps["rates"]
    found = combinations(sweep)
    assert len(found) == 6 and found[:2] == [{"a.b": 1, "c": 3}, {"a.b": 1, "c": 4}]
