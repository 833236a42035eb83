"""Exports say what the run directories say: read back with the readers of others. Nothing half-written has a name."""

import csv
import dataclasses
import json
import math
import sys
import warnings

import pytest

from console.cli import main
from console.exporting import csvs, deed
from console.exporting.record import Chosen
from console.fleet.model import Pulled, RunKey
from console.history import Entry, History
from console.labels import Label, Labels
from console.pulling.choice import LEDGER
from console.pulling.ledger import Pulls
from trainer.record.jsonl import encode

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROWS = [
    {"t": 10.0, "step": 1, "epoch": 1, "phase": "train", "loss": math.nan, "note": "text", "flag": True},
    {"t": 11.0, "step": 2, "epoch": 1, "phase": "train", "loss": 7.0},
    {"step": 1, "phase": "resume"},  # what came after step 1 does not count
    {"t": 12.5, "step": 2, "epoch": 1, "phase": "val", "acc,uracy": 0.5, "largest": -math.inf},
]
FIGURES = [
    ("one", "1", "1", "train", "10.0", "loss", "nan"),
    ("one", "2", "1", "val", "12.5", "acc,uracy", "0.5"),
    ("one", "2", "1", "val", "12.5", "largest", "-inf"),
    ("pulled", "3", "", "", "", "loss", "0.25"),
]


def entry(run, **more):
    return Entry(
        "gpu1", run, "w", "", 5.0, None, "finished", "a, b\nc", 1, None, {"loss": math.nan}, {"acc": 0.5}, "c", 9.0,
        {"by": "user1"},
    ) if not more else dataclasses.replace(entry(run), **more)  # fmt: skip


@pytest.fixture
def state(tmp_path):
    """Three runs: one mirrored, one whose mirror is gone but that was pulled, one of which nothing is left."""
    state = tmp_path / "state"
    history = History(state)
    history.keep([entry("one"), entry("pulled", started=4.0, metrics={}), entry("nothing", started=3.0, origin={})])
    history.close()
    folder = state / "mirror" / "gpu1" / "runs" / "one"
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_bytes(b"".join(map(encode, ROWS)) + b"not json\n" + b'{"torn": 1')
    there = tmp_path / "results" / "pulled"
    there.mkdir(parents=True)
    (there / LEDGER).write_text("{}")
    (there / "metrics.jsonl").write_bytes(encode({"step": 3, "loss": 0.25}))
    Pulls(state).note(RunKey("gpu1", "pulled"), Pulled(str(there), 1.0, True))
    Labels(state).change(["gpu1:one"], lambda label: Label(("paper",), "good"))
    return state


def history(state, *words):
    return main(["history", *words, "--state", str(state)])


def test_csv(state, tmp_path, capsys):
    out = tmp_path / "out"
    assert history(state, "export", "--csv", str(out)) == 0
    assert "3 runs, 4 figures" in capsys.readouterr().out
    with (out / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["loss"], row["best_acc"], row["origin.by"], row["tags"]) for row in rows] == [
        ("one", "nan", "0.5", "user1", "paper"),
        ("pulled", "", "0.5", "user1", ""),
        ("nothing", "nan", "0.5", "", ""),
    ]
    assert rows[0]["detail"] == "a, b\nc" and rows[0]["ended"] == ""
    with (out / "metrics.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    columns = ("run", "step", "epoch", "phase", "time", "metric", "value")
    assert [tuple(row[name] for name in columns) for row in found] == FIGURES
    assert {(row["host"], row["worker"]) for row in found} == {("gpu1", "w")}
    assert sorted(path.name for path in out.iterdir()) == ["metrics.csv", "runs.csv"]


def test_parquet(state, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra export is not installed")
    out = tmp_path / "out"
    assert history(state, "export", "--parquet", str(out)) == 0
    runs, found = (parquet.read_table(out / name).to_pylist() for name in ("runs.parquet", "metrics.parquet"))
    assert [row["run"] for row in runs] == ["one", "pulled", "nothing"]
    assert math.isnan(runs[0]["loss"]) and runs[1]["loss"] is None and runs[0]["best_acc"] == 0.5
    assert [str(row["value"]) for row in found] == [figure[-1] for figure in FIGURES]
    assert [row["metric"] for row in found] == [figure[-2] for figure in FIGURES]
    assert (found[0]["step"], found[0]["time"], found[3]["epoch"]) == (1, 10.0, None)


def test_tensorboard_reads_it(state, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):  # the second export replaces the first
        assert history(state, "export", "--tensorboard", str(out)) == 0
    assert sorted(path.name for path in (out / "gpu1").iterdir()) == ["one", "pulled"]
    found = EventAccumulator(str(out / "gpu1" / "one"), size_guidance={"scalars": 0})
    found.Reload()
    told = {tag: [(item.step, item.wall_time, item.value) for item in found.Scalars(tag)]
            for tag in found.Tags()["scalars"]}  # fmt: skip
    assert told.pop("val/largest") == [(2, 12.5, -math.inf)]
    assert told.pop("val/acc,uracy") == [(2, 12.5, 0.5)]
    ((step, when, value),) = told.pop("train/loss")
    assert (step, when) == (1, 10.0) and math.isnan(value) and not told
    other = EventAccumulator(str(out / "gpu1" / "pulled"))
    other.Reload()
    assert [item.value for item in other.Scalars("loss")] == [0.25]


def test_an_export_that_fails_leaves_the_one_before(state, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert history(state, "export", "--csv", str(out), "one") == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def torn(parts, chosen):
        for number in csvs.write(parts, chosen):
            yield number
            raise OSError(28, "No space left on device")

    monkeypatch.setitem(deed.WAYS, "csv", torn)
    assert history(state, "export", "--csv", str(out)) == 1
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(KeyboardInterrupt):  # left half way
        for _ in deed.export("tensorboard", out, [Chosen(entry("one"), folder=state / "mirror/gpu1/runs/one")]):
            raise KeyboardInterrupt
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_what_cannot_be_is_said(state, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    assert history(state, "export", "--csv", str(tmp_path / "file")) == 2
    assert "is a file: name a folder" in capsys.readouterr().err
    assert history(state, "export", "--csv", str(tmp_path / "file" / "below")) == 1
    assert "nothing was exported" in capsys.readouterr().err
    assert history(state, "export", "--csv", str(tmp_path / "x"), "no-such-run") == 1
    assert "no run is found" in capsys.readouterr().err and not (tmp_path / "x").exists()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert history(state, "export", "--parquet", str(tmp_path / "x")) == 2
    assert "install trajconsole[export]" in capsys.readouterr().err and not (tmp_path / "x").exists()
    with pytest.raises(SystemExit, match="2"):
        history(state, "export", "one")


def test_every_name_and_every_number_gets_through(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        json.dumps({"step": 2**70, "t": "soon", "phase": 3, "\ud800\n;": 10**400, "b": None, "c": [1]}) + "\n"
    )
    chosen = [Chosen(entry("one", metrics={"host": 1.0, "host ": 2.0}), folder=tmp_path)]
    for way in ("csv", "tensorboard"):
        assert list(deed.export(way, tmp_path / way, chosen)) == [(1, 1)]
    with (tmp_path / "csv" / "metrics.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["step"], row["time"], row["phase"], row["metric"], row["value"]) == ("", "", "", "?\n;", "inf")
    with (tmp_path / "csv" / "runs.csv").open(newline="") as file:
        (run,) = csv.DictReader(file)
    assert (run["host"], run["metric.host"], run["host "]) == ("gpu1", "1.0", "2.0")
