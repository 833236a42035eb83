"""`trainer run --trial` and metrics.csv: everything once, on a few samples, for any task."""

import csv
from pathlib import Path

import pytest
import tiny_task
from tiny_runs import BASE, Tiny

from trainer import predicting
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


def test_a_trial_tells_what_the_long_run_will_cost(tiny: Tiny, spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tiny.folder / "run"
    assert main(["run", str(spec), "--trial", "--set", "loss.step_s=0.02", "--run-dir", str(folder)]) == 0
    found = RunReader(folder).document("trial.json")
    assert found is not None and found["ok"] and found["seconds"] > 0
    told = found["prediction"]
    assert told["samples"] == 120  # the trial itself had 24
    assert told["epoch_s"] >= 15 * 0.02 and told["total_s"] >= 4 * 15 * 0.02
    assert f"the long run: {found['words']}" in capsys.readouterr().out
    assert "an epoch of 120 samples" in found["words"] and "for 4 epochs" in found["words"]


def test_what_takes_too_long_to_prepare_is_not_waited_for(
    tiny: Tiny, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "PREPARING", 0.0)
    folder = tiny.folder / "run"
    words = ["--set", "measure.prepare_s=0.05", "--run-dir", str(folder)]
    assert main(["run", str(spec), "--trial", *words]) == 0
    found = RunReader(folder).document("trial.json")
    assert found is not None and found["prediction"]["total_s"] is None and "is not known" in found["words"]


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
    found = RunReader(folder).document("trial.json")
    assert found is not None and not found["ok"] and "KeyError: 'spiral'" in found["wrong"]
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
