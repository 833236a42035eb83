"""A family of folds, and a run that is handed over: by the commands, from small generated recordings."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import folds
from trainer.cli import main
from trainer.record import RunReader
from trainer.revival import revive
from trainer.tasks.eeg import export as module
from trainer.tasks.eeg.data.windows import cut

SETS = [
    "run.epochs=1", "run.batch=16", "run.threads=1", 'run.device="cpu"', "run.validate_first=false",
    "made.subjects=6", "made.trials=6", "made.channels=3", "made.rate=100", "data.folds=3",
    "model.filters=4", "model.deep=4", "model.kernel=16",
]  # fmt: skip


def sets(folder: Path, *more: str) -> list[str]:
    return [word for item in (*SETS, f'run.data="{folder}/data"', *more) for word in ("--set", item)]


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fold 0 and 2 of three."""
    folder = tmp_path_factory.mktemp("family")
    before = torch.get_num_threads()
    assert main(["folds", "eeg", "--run-dir", f"{folder}/f", "--only", "2,0", *sets(folder)]) == 0
    torch.set_num_threads(before)
    return folder


def test_a_family_goes_on_where_it_was_and_tests_everybody_once(
    family: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = json.loads((family / "f/folds.json").read_text())
    assert [fold["number"] for fold in part["folds"]] == [0, 2] and part["of"] == 3
    began = {number: RunReader(family / f"f/fold-{number}").status().started for number in (0, 2)}  # type: ignore[union-attr]
    assert main(["folds", "eeg", "--run-dir", f"{family}/f", *sets(family)]) == 0
    out = capsys.readouterr().out
    assert out.count("finished before") == 2 and "predicting the mean" in out and "spread" in out
    assert {number: RunReader(family / f"f/fold-{number}").status().started for number in (0, 2)} == began  # type: ignore[union-attr]
    whole = json.loads((family / "f/folds.json").read_text())
    tested = [name for fold in whole["folds"] for name in fold["groups"]]
    assert sorted(tested) == [f"00{number}" for number in range(1, 7)]
    errors = [fold["metrics"]["val_nrmse"] for fold in whole["folds"]]
    assert whole["mean"]["val_nrmse"] == pytest.approx(np.mean(errors))
    assert whole["spread"]["val_nrmse"] == pytest.approx(np.std(errors, ddof=1))
    revived = revive(family / "f/fold-2", "best", lambda *_: None)
    assert revived.evaluate("test", lambda *_: None).metrics["val_nrmse"] == errors[2]


def test_a_family_of_another_configuration_is_refused(family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["folds", "eeg", "--run-dir", f"{family}/f", "--only", "0", *sets(family, "run.epochs=2")]
    assert main(words) == 2
    assert "run.epochs: is finished with 1, not 2" in capsys.readouterr().err


def test_somebody_who_is_tested_twice_is_seen(tmp_path: Path, family: Path) -> None:
    (one,) = [fold for fold in folds.read(family / "f").values() if fold.number == 0]
    config = revive(family / "f/fold-0", "best", lambda *_: None).config
    with pytest.raises(AssertionError, match="is tested in fold 0 and in fold 0"):
        folds.write(tmp_path, config, {0: one, 1: one})


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["eeg", "--only", "0,3"], "there is no fold '3'"),
        (["eeg", "--only", "first"], "there is no fold 'first'"),
        (["persistence-v2"], "persistence has no folds"),
    ],
)
def test_folds_that_are_not_there(
    tmp_path: Path, words: list[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = sets(tmp_path) if words[0] == "eeg" else []
    assert main(["folds", *words, "--run-dir", f"{tmp_path}/f", *more]) == 2
    assert what in capsys.readouterr().err


def test_what_is_exported_answers_as_the_run_does(family: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, file, away = family / "f/fold-0", family / "out/a.zip", family / "away"
    assert main(["export", str(run), "--to", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["same"] and told["found"] == pytest.approx(told["recorded"], rel=1e-4)
    with zipfile.ZipFile(file) as content:
        content.extractall(away)
    assert f"{told['recorded']:.4f}" in (away / "README.md").read_text()
    task = revive(run, "best", lambda *_: None).task
    windows = task.study.splits["test"].parts[0]
    words = [sys.executable, "infer.py", str(windows.recording.path), "--at", "1000"]
    beyond = subprocess.run(words, cwd=away, capture_output=True, text=True)
    assert beyond.returncode == 1 and "the window after 1000 s reaches beyond the recording" in beyond.stderr
    onsets = [line.split("\t")[0] for line in windows.recording.events.read_text().splitlines()[1:]]
    said = subprocess.run([*words[:3], "--at", *onsets], cwd=away, capture_output=True, text=True, check=True)
    rows = torch.from_numpy(np.array(cut(windows.recording, task.settings.data).signals))
    model = revive(run, "best", lambda *_: None).model.eval()
    with torch.no_grad():
        expected = model(rows)[:, 0].tolist()
    assert [float(line) for line in said.stdout.split()] == pytest.approx(expected, abs=1e-4)
    assert main(["export", str(run), "--to", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_an_export_that_answers_otherwise_is_not_written(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "_used", lambda *_: 0.5)
    assert main(["export", str(family / "f/fold-0"), "--to", f"{tmp_path}/a.zip"]) == 1
    assert "not written: what was exported has val_nrmse 0.5" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_tasks_that_cannot_be_exported_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path)]) == 2
    assert "is not a run's folder" in capsys.readouterr().err
