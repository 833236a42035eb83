"""kill -9 while trajectories are exported: made again, the data set has the bytes of one that was never disturbed."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
from trainer.tasks.trajectories.data.settings import Data
from trainer.tasks.trajectories.data.views import open_views
def report(what, done, total):
    print("at", flush=True)
    sys.stdin.readline()
data = Data(source="shards", train=int(sys.argv[2]), val=64, test=64)
open_views(data, 0, Path(sys.argv[1]), report)
"""
SOON = 0.03  # seconds in which it runs freely before the kill: about a shard


def start(root: Path, samples: int) -> "subprocess.Popen[bytes]":
    """The export in a process of its own. At each report it waits to be let on."""
    command = [sys.executable, "-c", SCRIPT, str(root), str(samples)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)


def let_on(process: "subprocess.Popen[bytes]", reports: int) -> int:
    """Let it pass so many reports, or all there are; how many there were."""
    assert process.stdin is not None and process.stdout is not None
    for passed in range(reports):
        if not process.stdout.readline():
            return passed
        process.stdin.write(b"\n")
    return reports


def finish(root: Path, samples: int) -> int:
    """Export to the end; how many reports there were."""
    with start(root, samples) as process:
        reports = let_on(process, 1_000_000)
    assert process.returncode == 0
    return reports


def bytes_of(root: Path) -> str:
    """One checksum of every file, whatever it is: nothing may be left over, nothing may be missing."""
    whole = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file() and path.name != ".lock"):
        with path.open("rb") as file:
            whole.update(f"{path.relative_to(root)} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def same_after_kill(folder: Path, samples: int, times: int, seed: int) -> tuple[int, int]:
    """How often the bytes were the same, and how many of the kills came before the end."""
    reports = finish(folder / "whole", samples)
    expected, draw = bytes_of(folder / "whole"), random.Random(seed)
    same = interrupted = 0
    for number in range(times):
        root = folder / f"killed-{number}"
        with start(root, samples) as process:
            let_on(process, draw.randrange(reports))
            assert process.stdin is not None
            process.stdin.write(b"\n" * reports)
            time.sleep(draw.uniform(0, SOON))
            os.kill(process.pid, signal.SIGKILL)
        interrupted += process.returncode == -signal.SIGKILL
        finish(root, samples)
        same += bytes_of(root) == expected
        for path in root.rglob("*.npy"):
            path.unlink()
    return same, interrupted


def test_killed_at_random_points_the_data_set_is_the_same(tmp_path: Path) -> None:
    same, interrupted = same_after_kill(tmp_path, 1_920, times=4, seed=int(time.time()))
    assert same == 4 and interrupted >= 1


@pytest.mark.soak
def test_killed_at_twenty_random_points_the_whole_data_set_is_the_same(tmp_path: Path) -> None:
    same, interrupted = same_after_kill(tmp_path, 9_872, times=20, seed=int(time.time()))
    assert same == 20 and interrupted >= 15
