import json
import re
import tomllib
from pathlib import Path

import pytest
from tiny_runs import BASE, Tiny

from trainer.cli import main
from trainer.record import RunReader


@pytest.fixture
def config(tiny: Tiny) -> str:
    path = tiny.folder / "tiny.toml"
    path.write_text(BASE)
    return str(path)


@pytest.fixture
def done(tiny: Tiny) -> Path:
    tiny.run('stop.all=["val_accuracy >= 2"]')
    return tiny.folder / "run"


def test_config_prints_all_of_it_as_toml_or_json(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", config, "--set", "run.epochs=9"]) == 0
    table = tomllib.loads(capsys.readouterr().out)
    assert (table["run"]["epochs"], table["run"]["name"], table["data"]["train"]) == (9, "tiny", 120)
    assert main(["config", config, "--set", "run.epochs=9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == table


def test_a_wrong_configuration_is_exit_code_2_without_a_traceback(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", config, "--set", "run.epohs=9"]) == 2
    assert capsys.readouterr().err == "trainer: --set: run.epohs: unknown key — did you mean 'epochs'?\n"
    assert main(["--debug", "config", config, "--set", "run.epohs=9"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_refused_run_says_so_in_its_folder(tiny: Tiny, config: str) -> None:
    folder = tiny.folder / "made-by-a-launcher"
    folder.mkdir()
    assert main(["run", config, "--run-dir", str(folder), "--set", "run.epohs=9"]) == 2
    status = RunReader(folder).status()
    assert status is not None and status.state == "failed"
    assert status.reason == "configuration: --set: run.epohs: unknown key — did you mean 'epochs'?"
    assert status.findings[0].mend == "did you mean 'epochs'?"


def test_a_refused_resume_leaves_the_run_as_it_was(done: Path, config: str) -> None:
    before = (done / "status.json").read_bytes()
    assert main(["run", config, "--run-dir", str(done), "--resume", "--set", "run.epohs=9"]) == 2
    assert main(["run", config, "--run-dir", str(done)]) == 2
    assert (done / "status.json").read_bytes() == before


def test_a_run_without_a_folder_makes_one(
    tiny: Tiny, config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tiny.folder)
    assert main(["run", config, "--set", "run.epochs=1"]) == 0
    (folder,) = (tiny.folder / "runs").iterdir()
    assert re.fullmatch(r"tiny-\d{8}-\d{6}", folder.name)
    assert f"run directory: runs/{folder.name}" in capsys.readouterr().out
    assert main(["run", config, "--resume"]) == 2
    assert "name its folder with --run-dir" in capsys.readouterr().err


def test_a_run_is_resumed_from_its_own_folder_alone(done: Path) -> None:
    assert main(["run", str(done), "--run-dir", str(done), "--resume", "--set", "run.epochs=5"]) == 0
    status = RunReader(done).status()
    assert status is not None and (status.step, status.worker) == (75, "tiny")
    (event,) = [event for event in RunReader(done).events() if event["event"] == "configuration"]
    assert event["changes"] == {"run.epochs": [4, 5]}


def test_the_log_has_a_line_an_epoch_and_every_verdict(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", str(done), "--run-dir", str(done), "--resume", "--set", "run.epochs=5"])
    lines = capsys.readouterr().out.splitlines()
    assert any(re.match(r"epoch 5/5  step 75/75  loss 0\.\d+  val_accuracy 0\.\d+", line) for line in lines)
    assert any(re.match(r"check at epoch 5: val_accuracy 0\.\d+ >= 2 NOT MET$", line) for line in lines)
    assert lines[-1] == "finished: all 5 epochs are done"


def test_check_tries_everything_and_leaves_nothing(tiny: Tiny, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    beside = tiny.folder / "beside"
    beside.mkdir()
    assert main(["check", config, "--json", "--beside", str(beside)]) == 0
    found = json.loads(capsys.readouterr().out)
    names = ["device", "data", "model", "step", "validation", "checkpoint", "room"]
    assert found["ok"] and [check["name"] for check in found["checks"]] == names
    assert "24 / 40 / 40 samples for the trial" in found["checks"][1]["detail"]
    assert not list(beside.iterdir())
    assert main(["check", config, "--beside", str(beside)]) == 0
    assert len(re.findall(r"^ok  ", capsys.readouterr().out, re.MULTILINE)) == 8


@pytest.mark.parametrize(
    ("override", "name", "words"),
    [
        ("loss.raise_at=1", "step", "KeyError: 'spiral'"),
        ("loss.nan_at=1", "step", "the loss of the first step is nan"),
        ("optim.lr=0.0", "step", "one step changed no weight"),
        ("run.device=cuda:77", "device", "run.device: 'cuda:77'"),
    ],
)
def test_check_finds_now_what_would_fail_later(
    config: str, capsys: pytest.CaptureFixture[str], override: str, name: str, words: str
) -> None:
    assert main(["check", config, "--json", "--set", override]) == 1
    found = json.loads(capsys.readouterr().out)
    last = found["checks"][-1]
    assert not found["ok"] and (last["name"], last["ok"]) == (name, False)
    assert words in last["detail"] and last["mend"]


def test_evaluate_gives_the_figures_that_training_had(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(done), "--split", "val", "--checkpoint", "last", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    last = [row for row in RunReader(done).metrics() if row["phase"] == "val"][-1]
    assert found["metrics"] == {name: last[name] for name in ("val_accuracy", "val_loss")}
    assert (found["epoch"], found["samples"], found["notes"]) == (4, 40, ["120 points"])
    assert main(["evaluate", str(done)]) == 0
    assert "on test: val_accuracy" in capsys.readouterr().out


def test_evaluate_names_the_checkpoints_that_there_are(done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(done), "--checkpoint", "epoch-9"]) == 2
    assert "no checkpoint 'epoch-9' — there are: last, best, epoch-" in capsys.readouterr().err
    assert main(["evaluate", str(done / "nowhere")]) == 2
    assert "is not a run's folder" in capsys.readouterr().err


def test_figures_draws_the_same_picture_again(done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", str(done), "--out", str(tmp_path / "again")]) == 0
    assert str(tmp_path / "again/accuracy.txt") in capsys.readouterr().out
    drawn = [(folder / "accuracy.txt").read_text() for folder in (done / "figures", tmp_path / "again")]
    assert drawn[0] == drawn[1] and drawn[0].startswith("0.5")


def test_data_is_made_and_inspected(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "make", config, "--set", "run.data=/nowhere", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["train"], made["folder"]) == (120, "/nowhere")
    assert main(["data", "inspect", config]) == 0
    assert capsys.readouterr().out == "points: 120\nseed: 0\n"


def test_the_data_folder_comes_from_the_configuration_or_the_environment(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.build import data_root

    monkeypatch.setenv("TRAJ_DATA", "/from/environment")
    assert data_root(tiny.config()) == Path("/from/environment")
    assert data_root(tiny.config("run.data=/from/file")) == Path("/from/file")
    monkeypatch.delenv("TRAJ_DATA")
    assert data_root(tiny.config()) == Path.home() / ".trajconsole/data"


@pytest.mark.parametrize(
    ("command", "known"), [("explain", "these can: trajectories"), ("attend", "these can: persistence, trajectories")]
)
def test_what_a_task_cannot_do_is_said_with_those_that_can(
    done: Path, command: str, known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(done), "--sample", "0"]) == 2
    assert capsys.readouterr().err == f"trainer: {done}: the task tiny cannot {command} — {known}\n"
