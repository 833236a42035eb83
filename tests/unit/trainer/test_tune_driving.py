"""What becomes of a trial: good, ended early, stopped by somebody, failed. The runs here are made by a few lines that
write the run directory as its page says, so that each does what its test is about."""

import json
import sys
from pathlib import Path

import pytest
from test_tune_space import SPACE
from tiny_runs import BASE, Tiny

from trainer.cli import main
from trainer.record import RunReader
from trainer.tune import driving

WORKER = """
import os, sys, time
from pathlib import Path
from trainer.record import RunReader, RunWriter, Status
folder = Path(sys.argv[sys.argv.index("--run-dir") + 1])
settings = RunReader(folder).config()
how = os.environ.get("HOW", "")
def until(what):
    ends = time.monotonic() + 30
    while not what() and time.monotonic() < ends:
        time.sleep(0.01)
def stopped():
    return (folder / "stop").exists()
with RunWriter(folder) as writer:
    state, reason = "finished", ""
    for epoch in range(1, 5):
        value = settings["model"]["width"] / 32
        value = float("nan") if how == "nan" else value
        writer.metric({"step": epoch, "epoch": epoch, "phase": "val", "val_accuracy": value})
        writer.status(Status(state="training", epoch=epoch, epochs=4))
        if how == "crash":
            sys.exit("out of memory on purpose")
        if how == "by hand":
            (folder / "stop").write_text("not now")
        if how == "by hand" or (how == "prune" and value < 0.5):
            until(stopped)
            state = "stopped"
            reason = "stopped by the stop file: " + (folder / "stop").read_text().strip()
            break
    writer.status(Status(state=state, epoch=epoch, epochs=4, reason=reason))
"""


@pytest.fixture
def study(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Path:
    worker = tiny.folder / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(driving, "same_command", lambda: [sys.executable, str(worker)])
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setattr(driving, "_LOOK", 0.01)
    (tiny.folder / "mine.toml").write_text(BASE + SPACE)
    return tiny.folder / "study"


def tune(study: Path, *sets: str, code: int = 0, more: tuple[str, ...] = ()) -> dict[str, object]:
    words = [word for item in ("tune.trials=6", *sets) for word in ("--set", item)]
    assert main(["tune", str(study.parent / "mine.toml"), "--run-dir", str(study), *words, *more]) == code
    found: dict[str, object] = json.loads((study / "tune.json").read_text())
    return found


def test_all_are_trained_and_the_best_is_told(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tune(study, 'tune.pruner="none"')
    trials = found["trials"]
    assert isinstance(trials, list) and [trial["state"] for trial in trials] == ["complete"] * 6
    widths = [trial["settings"]["model.width"] for trial in trials]
    assert found["best"] == widths.index(max(widths)) and widths[0] == 16
    out = capsys.readouterr().out
    assert "trial 0 begins: optim.lr=0.01  model.width=16  optim.kind=adam (the configuration as it is)" in out
    assert f"the best is trial {found['best']}" in out and "what mattered: model.width" in out
    assert tune(study, 'tune.pruner="none"') == found  # nothing is left to do
    assert len(tune(study, 'tune.pruner="none"', "tune.trials=7")["trials"]) == 7  # type: ignore[arg-type]


def test_what_is_worse_than_the_others_ends_early(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOW", "prune")
    found = tune(study, "tune.startup=1", "tune.trials=9")
    trials = found["trials"]
    assert isinstance(trials, list)
    for trial in trials:
        early = trial["settings"]["model.width"] < 16
        assert trial["state"] == ("pruned" if early else "complete")
        assert early == ("is worse than the median" in trial["why"])
        status = RunReader(Path(trial["folder"])).status()
        assert status is not None and status.state == ("stopped" if early else "finished")
    assert {"pruned", "complete"} == {trial["state"] for trial in trials}


def test_beside_and_stopped_by_hand(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOW", "by hand")
    found = tune(study, "tune.trials=2", code=1, more=("--beside",))
    trials = found["trials"]
    assert isinstance(trials, list) and [trial["state"] for trial in trials] == ["pruned", "pruned"]
    assert all("not now" in trial["why"] for trial in trials) and found["best"] is None
    assert sorted(path.name for path in study.parent.glob("study-*")) == ["study-0000", "study-0001"]


@pytest.mark.parametrize(("how", "why"), [("crash", "out of memory on purpose"), ("nan", "that is a number")])
def test_when_all_fail_it_ends_soon_and_says_why(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str, why: str
) -> None:
    monkeypatch.setenv("HOW", how)
    trials = tune(study, 'tune.pruner="none"', code=1)["trials"]
    assert isinstance(trials, list) and [trial["state"] for trial in trials] == ["failed"] * 3
    assert (
        why in trials[0]["why"] and f"failed: no trial came to its end: {trials[0]['why']}" in capsys.readouterr().out
    )
    status = RunReader(study).status()
    assert status is not None and status.state == "failed"


def test_after_so_many_minutes_no_trial_begins(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = tune(study, 'tune.pruner="none"', "tune.minutes=0.0001")
    assert len(found["trials"]) <= 1 and "minutes are over" in capsys.readouterr().out  # type: ignore[arg-type]
