"""Four workers on one machine at once, against the same four one after the other.

    python bench/four_workers.py [--workers 4] [--rounds 3]

The workers are real (`trainer run`, the shipped attention preset, small). At once each has the share of the cores that
the console would write into its run.toml; one after the other each has all cores. A third figure shows what happens
when nobody shares: at once, and torch takes all cores for each.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from console.deeds.sharing import Room, share

ROOT = Path(__file__).parents[1]
SETS = ("data.train=1024", "data.val=64", "data.test=64", "run.epochs=2", "measure.erase=16", "stop.all=[]")


def start(folder: Path, data: Path, seed: int, threads: int) -> "subprocess.Popen[bytes]":
    """One worker as a process of its own."""
    sets = (*SETS, f"run.seed={seed}", "data.seed=0", f"run.threads={threads}", f"run.data={data}", 'run.device="cpu"')
    argv = [sys.executable, "-m", "trainer", "run", "persistence-attention", "--run-dir", str(folder)]
    for item in sets:
        argv += ["--set", item]
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return subprocess.Popen(argv, env={**env, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)


def took(folder: Path, data: Path, workers: int, threads: int, *, together: bool) -> float:
    """Seconds until the last of them has ended."""
    began = time.perf_counter()
    running = []
    for number in range(workers):
        running.append(start(folder / str(number), data, number, threads))
        if not together:
            assert running[-1].wait() == 0
    assert [process.wait() for process in running] == [0] * workers
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    table = {"run": {"threads": 0}}
    share(table, Room(cores), arguments.workers)
    threads = table["run"]["threads"]
    ways = {
        f"one after the other, {cores} threads": (cores, False),
        f"at once, {threads} threads each": (threads, True),
        f"at once, {cores} threads each": (cores, True),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        assert start(Path(place) / "warm", data, 0, 1).wait() == 0  # makes the data
        for number in range(arguments.rounds):
            for way, (name, (count, together)) in enumerate(ways.items()):
                folder = Path(place) / f"{number}-{way}"
                folder.mkdir()
                found[name].append(took(folder, data, arguments.workers, count, together=together))
                print(f"round {number + 1}: {arguments.workers} workers {name}: {found[name][-1]:.1f} s", flush=True)
    alone, *others = found
    for name in others:
        ratios = sorted(mine / one for mine, one in zip(found[name], found[alone], strict=True))
        spread = f"from {ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(f"{name} / {alone}: {statistics.median(ratios):.2f} ({spread})")


if __name__ == "__main__":
    main()
