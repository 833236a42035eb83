"""`trainer tune` with real trainings: shared by processes, killed, stopped, gone on with, and what it leaves."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tiny_runs import BASE, TRAINER, Tiny, environment

from trainer import config as configuration
from trainer.record import RunReader
from trainer.record.jsonl import decode_lines
from trainer.tune.study import trials_of

CONFIG = (
    BASE.replace("epochs = 4", "epochs = 3")
    + """
[loss]
step_s = 0.01
[checkpoint]
seconds = 0.1
[tune]
trials = {trials}
metric = "val_accuracy"
pruner = "none"
[tune.space]
"optim.lr" = {{ low = 1e-3, high = 0.1, log = true }}
"model.width" = {{ low = 4, high = 32, step = 4 }}
"""
)


def tune(tiny: Tiny, *more: str, trials: int = 3) -> subprocess.Popen[str]:
    config = tiny.folder / "mine.toml"
    config.write_text(CONFIG.format(trials=trials))
    words = [*TRAINER, "tune", str(config), "--run-dir", str(tiny.folder / "study"), *more]
    return subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(tiny: Tiny) -> list[dict[str, object]]:
    path = tiny.folder / "study" / "study.jsonl"
    return decode_lines(path.read_bytes())[0] if path.exists() else []


def wait(process: subprocess.Popen[str], what: Callable[[], bool]) -> None:
    ends = time.monotonic() + 90
    while not what():
        assert process.poll() is None and time.monotonic() < ends, process.communicate()
        time.sleep(0.02)


def steps(folder: Path) -> int:
    status = RunReader(folder).status()
    return 0 if status is None else status.step or 0


def gone(folder: Path) -> bool:
    """Whether the process that wrote the run has ended."""
    status = RunReader(folder).status()
    assert status is not None and status.pid is not None
    try:
        state = Path(f"/proc/{status.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_killed_in_the_middle_and_shared_by_two(tiny: Tiny) -> None:
    study, first = tiny.folder / "study", tiny.folder / "study" / "trial-0000"
    process = tune(tiny, "--json")
    wait(process, lambda: steps(first) >= 20)  # in the second of three epochs
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    ends = time.monotonic() + 20
    while not gone(first):  # nobody trains for a study that is gone
        assert time.monotonic() < ends
        time.sleep(0.02)
    pair = [tune(tiny, "--json"), tune(tiny, "--json")]
    said = [item.communicate(timeout=150) for item in pair]
    assert [item.returncode for item in pair] == [0, 0], said

    asked = [row["ask"] for row in rows(tiny) if "ask" in row]
    told = [row["tell"] for row in rows(tiny) if "tell" in row]
    assert asked == [0, 1, 2] and sorted(told) == [0, 1, 2]
    events = [item["event"] for item in RunReader(first).events()]
    assert events.count("ended") == 1 and events.count("resumed") == 1
    trials = trials_of(rows(tiny), "max")
    for trial in trials:
        reader = RunReader(study / f"trial-{trial.number:04d}")
        values = [row["val_accuracy"] for row in reader.metrics() if row["phase"] == "val" and row["epoch"]]
        assert trial.value == max(values) and len(values) == 3
        lineage = reader.config()["origin"]["tune"]
        assert lineage == {"study": str(study), "trial": trial.number, "parameters": dict(trial.settings)}
    documents = [json.loads(out) for out, _ in said]
    assert documents[0] == documents[1] and documents[0]["best"] is not None
    best = configuration.load(str(study / "best.toml"))
    assert best.optim.lr == trials[documents[0]["best"]].settings["optim.lr"] and not best.origin
    status = RunReader(study).status()
    assert status is not None and (status.state, status.step, status.steps) == ("finished", 3, 3)
    assert status.figures == ("tune.png",) and (study / "tune.png").read_bytes().startswith(b"\x89PNG")
    assert [row["trial"] for row in RunReader(study).metrics()] == told


def test_stopped_cleanly_and_gone_on_with(tiny: Tiny) -> None:
    study = tiny.folder / "study"
    slow = ("--set", "loss.step_s=0.08")
    for how, done in (("signal", 3), ("file", 8)):
        process = tune(tiny, *slow, trials=1)
        wait(process, lambda done=done: steps(study / "trial-0000") >= done)
        if how == "signal":
            process.send_signal(signal.SIGINT)
        else:
            (study / "stop").touch()
        out, complaint = process.communicate(timeout=60)
        assert process.returncode == 0 and "stopped: 0 of 1 trials are done" in out and not complaint
        trial = RunReader(study / "trial-0000").status()
        assert trial is not None and trial.state == "stopped" and "the study was stopped" in trial.reason
    out, _ = tune(tiny, *slow, trials=1).communicate(timeout=60)
    assert "trial 0 goes on" in out and "finished: all 1 trials are done" in out and "best: " in out
