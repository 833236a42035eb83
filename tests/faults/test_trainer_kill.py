"""kill -9 at moments that nobody chose: what comes after the resume is what would have come without it."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tiny_runs import BASE, TRAINER, environment, plain_rows, trainer

from trainer.record import RunReader

SETS = ("run.epochs=8", "loss.step_s=0.004", "checkpoint.seconds=0.05", 'stop.all=["val_loss < 0"]', "stop.every=3")


def arguments(config: Path, folder: Path) -> list[str]:
    sets = [word for item in SETS for word in ("--set", item)]
    resume = ["--resume"] if (folder / "run.toml").exists() else []
    return ["run", str(config), *sets, "--run-dir", str(folder), *resume]


def kill_at(config: Path, folder: Path, step: int) -> None:
    """Start it, and kill it as soon as its status says that it has done `step` steps; a step or two later by then."""
    process = subprocess.Popen([*TRAINER, *arguments(config, folder)], env=environment(), stdout=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < ends:
            status = RunReader(folder).status()
            if status is not None and status.pid == process.pid and (status.step or -1) >= step:
                break
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()


def killed_and_resumed(tmp_path: Path, kills: int, seed: int) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(BASE)
    whole, broken = RunReader(tmp_path / "whole"), RunReader(tmp_path / "broken")
    assert trainer(*arguments(config, whole.path)).returncode == 0
    moments = random.Random(seed)
    for number in range(kills):
        # Somewhere in the part that this attempt reaches; a negative step is a moment before the first one.
        kill_at(config, broken.path, moments.randrange(-10, 120 * (number + 1) // kills))
        if number % 2:
            time.sleep(moments.random() * 0.01)
    done = trainer(*arguments(config, broken.path))
    assert done.returncode == 0, done.stderr
    assert plain_rows(broken) == plain_rows(whole)
    results = [reader.document("results.json") for reader in (broken, whole)]
    assert results[0] is not None and results[1] is not None
    for key in ("weights_sha256", "metrics", "best", "first", "criteria", "epoch", "step"):
        assert results[0][key] == results[1][key], key


def test_a_killed_trainer_goes_on_bit_for_bit(tmp_path: Path) -> None:
    killed_and_resumed(tmp_path, kills=4, seed=20)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(4))
def test_twenty_kills(tmp_path: Path, seed: int) -> None:
    killed_and_resumed(tmp_path, kills=5, seed=seed)


def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    config = tmp_path / "tiny.toml"
    config.write_text(BASE)
    command = [*TRAINER, "run", str(config), "--run-dir", str(tmp_path / "run"), "--set", "loss.step_s=30"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            status = RunReader(tmp_path / "run").status()
            if status is not None and status.state == "training":
                break
            time.sleep(0.01)
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        assert process.wait(timeout=20) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()
