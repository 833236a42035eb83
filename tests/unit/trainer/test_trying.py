"""`trainer run --trial` and metrics.csv: everything once, on a few samples, for any task."""

import csv
from pathlib import Path

import pytest
import tiny_task
from tiny_runs import BASE, Tiny

from trainer.cli import main
from trainer.record import RunReader, sheet
from trainer.tasks import Evaluation
from trainer.trying import unequal


@pytest.fixture
def spec(tiny: Tiny) -> Path:
    path = tiny.folder / "mine.toml"
    path.write_text(BASE + '[race]\nfolder = "race"\n')
    return path


def test_a_trial_stops_resumes_evaluates_and_is_marked(
    tiny: Tiny, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny.folder / "run"
    assert main(["run", str(spec), "--trial", "--run-dir", str(folder)]) == 0
    reader, told = RunReader(folder), capsys.readouterr().out
    status = reader.status()
    assert status is not None and status.state == "finished" and status.epoch == 2 and status.steps == 6
    assert status.notes[0] == "a trial on a few samples"
    assert "resumed from" in told and "the trial went well" in told
    assert not (tiny.folder / "race").exists()
    assert (folder / "figures").is_dir() and (folder / "results.json").exists()


def test_a_checkpoint_that_says_something_else_fails_the_trial(
    tiny: Tiny, spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real, calls = tiny_task.TinyTask.evaluate, []

    def drifting(self, *arguments: object) -> Evaluation:
        calls.append(1)
        found = real(self, *arguments)
        return Evaluation({**found.metrics, "val_loss": float(len(calls))}, found.details)

    monkeypatch.setattr(tiny_task.TinyTask, "evaluate", drifting)
    assert main(["run", str(spec), "--trial", "--run-dir", str(tiny.folder / "run")]) == 1
    assert "trial failed: val_loss was" in capsys.readouterr().out


def test_a_trial_of_what_cannot_be_trained_fails(tiny: Tiny, spec: Path) -> None:
    folder = tiny.folder / "run"
    assert main(["run", str(spec), "--trial", "--set", "loss.raise_at=2", "--run-dir", str(folder)]) == 1
    assert main(["run", str(spec), "--trial", "--resume", "--run-dir", str(folder)]) == 2


def test_figures_are_equal_within_rounding() -> None:
    assert unequal({"val_loss": 1.0, "phase": "val"}, {"val_loss": 1.0000001, "other": 3.0}) == ""
    assert unequal({"val_loss": 1.0}, {"val_loss": 1.1}).startswith("val_loss was 1")


def test_rows_lie_beside_as_csv_when_asked_for(tiny: Tiny) -> None:
    assert tiny.run("run.csv=true", "run.epochs=2") == 0
    with (tiny.folder / "run" / sheet.FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = tiny.reader().metrics()
    assert [int(row["step"]) for row in rows] == [row["step"] for row in wanted]
    assert [float(row["val_loss"]) for row in rows if row["phase"] == "val"] == [
        row["val_loss"] for row in wanted if row["phase"] == "val"
    ]
    assert tiny.run("run.epochs=2", name="plain") == 0 and not (tiny.folder / "plain" / sheet.FILE).exists()
