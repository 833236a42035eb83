"""Several processes train one run: the numbers of one process, one writer, one end, and nobody left over."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_runs import BASE, TRAINER, Tiny, environment

from trainer.record import RunReader, Status
from trainer.schema import ConfigError

# 17 whole batches and one of a single sample: the second rank has none of it.
SETS = ("run.batch=7", "model.dropout=0.0", "run.accumulate=2", "loss.step_s=0.02", "checkpoint.seconds=0.1")


@contextlib.contextmanager
def started(tiny: Tiny, *more: str, before: tuple[str, ...] = TRAINER) -> Iterator["subprocess.Popen[bytes]"]:
    """The tiny task in tiny.folder/run, by as many processes as `more` says."""
    config = tiny.folder / "tiny.toml"
    config.write_text(BASE)
    sets = [word for item in SETS for word in ("--set", item)]
    argv = [*before, "run", str(config), "--run-dir", str(tiny.folder / "run"), *sets, *more]
    with (tiny.folder / "out").open("ab") as out:
        process = subprocess.Popen(argv, env=environment(), stdout=out, stderr=out, start_new_session=True)
    ranks: list[int] = []
    try:
        yield process
    finally:
        ranks += children(process.pid)
        for pid in (process.pid, *ranks):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def children(pid: int) -> list[int]:
    """Direct ones."""
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for path in found for word in path.read_text().split()]


def gone(pid: int) -> bool:
    """Ended; whether anybody has taken its exit code is not our business."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait(tiny: Tiny, process: "subprocess.Popen[bytes]", what: Callable[[Status], bool]) -> Status:
    ends = time.monotonic() + 90
    while time.monotonic() < ends:
        status = RunReader(tiny.folder / "run").status()
        if status is not None and what(status):
            return status
        assert process.poll() is None, (tiny.folder / "out").read_text()
        time.sleep(0.01)
    raise AssertionError((tiny.folder / "out").read_text())


def training(step: int) -> Callable[[Status], bool]:
    return lambda status: status.state == "training" and (status.step or 0) >= step


def end(process: "subprocess.Popen[bytes]") -> int:
    return process.wait(timeout=90)


def figures(tiny: Tiny, name: str) -> list[list[float]]:
    rows = tiny.reader(name).metrics()
    return [[float(row[key]) for key in ("step", "loss", "accuracy", "val_loss") if key in row] for row in rows]


def same_as_one_process(tiny: Tiny) -> bool:
    assert tiny.run(*SETS, "loss.step_s=0", name="one") == 0
    ours, theirs = figures(tiny, "run"), figures(tiny, "one")
    return ours == [pytest.approx(row, abs=1e-5) for row in theirs]


def test_two_processes_are_stopped_and_one_goes_on_with_the_same_numbers(tiny: Tiny) -> None:
    with started(tiny, "--set", "run.processes=2") as process:
        wait(tiny, process, training(30))
        ranks = children(process.pid)
        for pid in (process.pid, *ranks):  # as `trajconsole stop` does at its third rung: everybody gets it
            os.kill(pid, signal.SIGTERM)
        assert end(process) == 0, (tiny.folder / "out").read_text()
    status = tiny.reader().status()
    assert status is not None and (status.state, status.reason) == ("stopped", "stopped by SIGTERM")
    assert status.device is not None and status.device.name.startswith("2 × ")
    assert status.checkpoint is not None and status.checkpoint.step == status.step
    assert len(ranks) == 2 and all(map(gone, ranks))
    assert tiny.run(*SETS, "loss.step_s=0.02", resume=True) == 0
    assert same_as_one_process(tiny)


def test_two_processes_climb_as_one(tiny: Tiny) -> None:
    sharp = ("optim.sam=0.05", "loss.step_s=0", "run.epochs=2")
    with started(tiny, *(word for item in (*sharp, "run.processes=2") for word in ("--set", item))) as process:
        assert end(process) == 0, (tiny.folder / "out").read_text()
    assert tiny.run(*SETS, *sharp, name="one") == 0
    assert figures(tiny, "run") == [pytest.approx(row, abs=1e-5) for row in figures(tiny, "one")]


def test_two_processes_with_a_part_of_the_weights_each_train_as_one(tiny: Tiny) -> None:
    """Stopped, gone on with by one process that has all of them, and then by two again."""
    more = ("optim.clip=0.5", "optim.weight_decay=0.01", "run.accumulate=2")
    sharded = ("run.processes=2", "run.sharded=true")
    with started(tiny, *(word for item in (*more, *sharded) for word in ("--set", item))) as process:
        wait(tiny, process, training(20))
        process.send_signal(signal.SIGTERM)
        assert end(process) == 0, (tiny.folder / "out").read_text()
    stopped = tiny.reader().status()
    assert stopped is not None and stopped.state == "stopped" and (stopped.step or 0) >= 20
    until = (
        (stopped.step or 0) // 4 + 2
    ) * 4  # where a row is due anyway: an end in between would write one of its own
    assert tiny.run(*SETS, *more, "loss.step_s=0", f"run.steps={until}", resume=True) == 0
    sets = [word for item in (*more, *sharded, "loss.step_s=0", "run.steps=0") for word in ("--set", item)]
    with started(tiny, *sets, "--resume") as process:
        assert end(process) == 0, (tiny.folder / "out").read_text()
    assert tiny.run(*SETS, *more, "loss.step_s=0", name="one") == 0
    ours, theirs = (
        {(row["step"], row["phase"]): (row.get("loss"), row.get("val_loss")) for row in tiny.reader(name).metrics()}
        for name in ("run", "one")
    )
    for key, (loss, val_loss) in theirs.items():
        assert ours[key][0] == (None if loss is None else pytest.approx(loss, abs=1e-5)), key
        assert ours[key][1] == (None if val_loss is None else pytest.approx(val_loss, abs=1e-5)), key
    results = [tiny.reader(name).document("results.json") for name in ("run", "one")]
    assert results[0] and results[1] and results[0]["parameters"] == results[1]["parameters"]


def test_what_cannot_be_sharded_is_told(tiny: Tiny) -> None:
    with pytest.raises(ConfigError, match=r"run\.sharded: does not go together with ema, channels_last"):
        tiny.config("run.sharded=true", "run.ema=0.9", "run.channels_last=true")
    with started(
        tiny, *(w for s in ("run.processes=2", "run.sharded=true", "optim.sam=0.05") for w in ("--set", s))
    ) as one:
        assert end(one) == 2
    status = tiny.reader().status()
    assert status is not None and "which run.sharded keeps apart" in status.reason


def test_torchrun_begins_again_from_the_checkpoint_after_a_kill(tiny: Tiny) -> None:
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--max-restarts=1")
    with started(tiny, before=(*torchrun, TRAINER[1])) as process:
        status = wait(tiny, process, training(25))
        others = [pid for pid in children(process.pid) if pid != status.pid]
        assert len(others) == 1
        os.kill(others[0], signal.SIGKILL)
        assert end(process) == 0, (tiny.folder / "out").read_text()
    resumed = [event["step"] for event in tiny.reader().events() if event["event"] == "resumed"]
    assert len(resumed) == 1 and resumed[0] > 0
    assert same_as_one_process(tiny)


def test_a_kill_is_told_when_no_restart_is_left_and_nobody_outlives_the_first(tiny: Tiny) -> None:
    more = ("--set", "run.processes=2", "--set", "run.restarts=0")
    with started(tiny, *more) as process:
        status = wait(tiny, process, training(20))
        assert status.pid is not None
        ranks = children(process.pid)
        os.kill(status.pid, signal.SIGKILL)
        assert end(process) == 1
        assert all(map(gone, ranks))
    status = wait(tiny, process, lambda status: True)
    assert (status.state, status.reason) == ("failed", "process 0 was killed by SIGKILL")
    with started(tiny, *more, "--resume") as process:
        wait(tiny, process, lambda status: training(30)(status) and status.pid in children(process.pid))
        ranks = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        end(process)
        ends = time.monotonic() + 30
        while not all(map(gone, ranks)):
            assert time.monotonic() < ends
            time.sleep(0.02)
    assert json.loads((tiny.folder / "run/status.json").read_text())["state"] == "training"  # that it died, others see
