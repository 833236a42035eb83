"""kill -9 at moments that nobody chose: what comes after the resume is what would have come without it."""

import os
import random
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from tiny_runs import BASE, Tiny, plain_rows, start

from trainer.record import RunReader, Status

SETS = ("run.epochs=8", "loss.step_s=0.004", "checkpoint.seconds=0.05", 'stop.all=["val_loss < 0"]', "stop.every=3")


def arguments(config: Path, folder: Path) -> list[str]:
    sets = [word for item in SETS for word in ("--set", item)]
    resume = ["--resume"] if (folder / "run.toml").exists() else []
    return ["run", str(config), *sets, "--run-dir", str(folder), *resume]


def kill_at(config: Path, folder: Path, step: int) -> None:
    """Start it, and kill it as soon as its status says that it has done `step` steps; a step or two later by then."""
    process = start(*arguments(config, folder))
    assert process.pid is not None
    wait_for(folder, process, lambda status: (status.step or -1) >= step)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def wait_for(folder: Path, process: ForkServerProcess, what: Callable[[Status], bool]) -> None:
    """Until the process has written such a status, or is over."""
    ends = time.monotonic() + 60
    while process.is_alive() and time.monotonic() < ends:
        status = RunReader(folder).status()
        if status is not None and status.pid == process.pid and what(status):
            return
        time.sleep(0.001)


def killed_and_resumed(tiny: Tiny, kills: int, seed: int) -> None:
    config = tiny.folder / "tiny.toml"
    config.write_text(BASE)
    whole, broken = tiny.reader("whole"), tiny.reader("broken")
    assert tiny.run(*SETS, name="whole") == 0
    moments = random.Random(seed)
    for number in range(kills):
        # Somewhere in the part that this attempt reaches; below 0 is a moment before the first step.
        kill_at(config, broken.path, moments.randrange(-10, 120 * (number + 1) // kills))
    last = start(*arguments(config, broken.path))
    last.join(timeout=60)
    assert last.exitcode == 0
    assert plain_rows(broken) == plain_rows(whole)
    results = [reader.document("results.json") for reader in (broken, whole)]
    assert results[0] is not None and results[1] is not None
    for key in ("weights_sha256", "metrics", "best", "first", "criteria", "epoch", "step"):
        assert results[0][key] == results[1][key], key


def test_a_killed_trainer_goes_on_bit_for_bit(tiny: Tiny) -> None:
    killed_and_resumed(tiny, kills=6, seed=20)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(4))
def test_twenty_kills(tiny: Tiny, seed: int) -> None:
    killed_and_resumed(tiny, kills=5, seed=seed)


def test_the_second_signal_ends_at_once(tiny: Tiny) -> None:
    config = tiny.folder / "tiny.toml"
    config.write_text(BASE)
    process = start("run", str(config), "--run-dir", str(tiny.folder / "run"), "--set", "loss.step_s=30")
    assert process.pid is not None
    wait_for(tiny.folder / "run", process, lambda status: bool(status.metrics))  # the first step, of 30 s, is next
    for _ in range(2):
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGTERM)
    process.join(timeout=20)
    assert process.exitcode == -signal.SIGTERM
