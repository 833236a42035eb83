"""What workers came to, from what is mirrored of them."""

import json

import pytest
from fleet_evidence import NOW, RUN, Evidence, document

from console import compare
from console.config import load
from console.fleet.fold import plan
from console.fleet.model import Planned
from remote.events import Chunk
from trainer.outcomes.table import text

CONFIG = """
[hosts.here]
[hosts.there]
[workers.attention]
host = "here"
trainer = "persistence-attention"
[workers.rival]
host = "there"
trainer = "persistence-attention"
[workers.idle]
host = "here"
trainer = "persistence-attention"
[races.duel]
workers = ["attention", "idle"]
"""


def tell(told, run, worker, accuracy, *, host="here", started=NOW - 50, ended=True):
    """A run with one validation."""
    table = f'task = "shapes"\n[run]\nseed = 1\nepochs = 5\n[data]\nval = 400\n[origin]\nworker = "{worker}"\n'
    status = {"state": "finished" if ended else "training", "worker": worker, "started": started, "heartbeat": NOW}
    row = json.dumps({"phase": "val", "epoch": 2, "step": 4, "val_accuracy": accuracy}).encode() + b"\n"
    told.tell(document("run.toml", table, run), document("status.json", status, run), host=host)
    told.tell(Chunk(f"runs/{run}", "metrics.jsonl", 8, 0, row), host=host)
    if ended:
        results = {"state": "finished", "seconds": 60, "parameters": 12345, "samples": {"val": 400}}
        told.tell(
            document("results.json", results, run), document("exit.json", {"code": 0, "time": NOW}, run), host=host
        )


@pytest.fixture
def fleet():
    told = Evidence()
    tell(told, RUN, "attention", 0.70)
    tell(told, "attention-20260102-120000-0a0b", "attention", 0.95, started=NOW - 10)
    tell(told, "rival-20260101-120000-0a0b", "rival", 0.80, host="there", ended=False)
    names = [("attention", "here"), ("rival", "there"), ("idle", "here")]
    return plan(told.fleet, [Planned(name, host, NOW) for name, host in names])


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return load(path)


def test_a_race_stands_for_its_workers(config):
    assert compare.workers_of(config, ["rival", "duel", "attention"]) == ["rival", "attention", "idle"]


def test_the_newest_run_of_each_worker_counts_wherever_it_ran(fleet):
    runs, missing = compare.chosen(fleet, [])
    assert [(run.key.host, run.worker) for run in runs] == [("here", "attention"), ("there", "rival")]
    assert runs[0].key.run == "attention-20260102-120000-0a0b" and missing == []
    runs, missing = compare.chosen(fleet, ["idle", "rival"])
    assert [run.worker for run in runs] == ["rival"] and missing == ["idle"]


def test_figures_states_and_verdicts(fleet):
    found = compare.outcomes(fleet, compare.chosen(fleet, [])[0], NOW)
    assert [(item.worker, item.host, item.metrics["val_accuracy"]) for item in found] == [
        ("attention", "here", 0.95), ("rival", "there", 0.80),
    ]  # fmt: skip
    assert found[0].state == "finished" and found[0].seconds == 60 and found[1].seconds is None
    (table,) = compare.tables(found)
    lines = text(table, 120)
    assert any("12,345" in line for line in lines)
    assert any("attention above rival, +15.0 points" in line and "larger than noise" in line for line in lines)
    told = compare.document(found, [compare.Asked("there", problem="no torch")], ["idle"])
    assert told["without_a_run"] == ["idle"] and told["hosts"][0]["problem"] == "no torch"
    json.dumps(told)


def test_what_a_host_says_is_read_leniently():
    assert compare.Asked("h").tables == [] == compare.Asked("h", {"tables": 7, "sentences": {}}).sentences
    (table,) = compare.Asked("h", {"tables": [{"title": "t", "heads": ["a"], "rows": [["x", ["1", "2"]], 7]}]}).tables
    assert table.rows == (("x", ("1",)),)
