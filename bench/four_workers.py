"""Four workers on one machine at once, against the same four one after the other.

    python bench/four_workers.py [--workers 4] [--rounds 3] [--samples 1024] [--limit 120] [--unshared-rounds 1]

The workers are real (`trainer run`, the shipped attention preset, small). At once each has the share of the cores that
the console would write into its run.toml; one after the other each has all cores. A third figure shows what happens
when nobody shares: at once, and torch takes all cores for each. That can take very long (threads wait for threads that
have no core), so every way has a limit, at which its workers are killed and that is what is told.
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
SETS = ("data.val=64", "data.test=64", "run.epochs=2", "measure.erase=16", "stop.all=[]")


def start(folder: Path, data: Path, seed: int, threads: int, samples: int) -> "subprocess.Popen[bytes]":
    """One worker as a process of its own."""
    sets = (
        *SETS,
        f"data.train={samples}",
        f"run.seed={seed}",
        "data.seed=0",
        f"run.threads={threads}",
        f"run.data={data}",
        'run.device="cpu"',
    )
    argv = [sys.executable, "-m", "trainer", "run", "persistence-attention", "--run-dir", str(folder)]
    for item in sets:
        argv += ["--set", item]
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return subprocess.Popen(argv, env={**env, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)


def took(
    folder: Path, data: Path, workers: int, threads: int, samples: int, *, together: bool, limit: float
) -> float | None:
    """Seconds until the last of them has ended; None if they have not within the limit."""
    began = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(workers):
            running.append(start(folder / str(number), data, number, threads, samples))
            if not together:
                assert running[-1].wait(max(0.0, began + limit - time.perf_counter())) == 0
        for process in running:
            assert process.wait(max(0.0, began + limit - time.perf_counter())) == 0
    except subprocess.TimeoutExpired:
        return None
    finally:
        for process in running:
            process.kill()
            process.wait()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--unshared-rounds", type=int, default=1, help="in how many of them nobody shares, too")
    parser.add_argument("--samples", type=int, default=1024, help="that each worker sees twice")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of one way in one round")
    arguments = parser.parse_args()
    samples, cores = arguments.samples, len(os.sched_getaffinity(0))
    table = {"run": {"threads": 0}}
    share(table, Room(cores), arguments.workers)
    threads = table["run"]["threads"]
    alone, together = f"one after the other, {cores} threads", f"at once, {threads} threads each"
    unshared = f"at once, {cores} threads each"
    ways = {alone: (cores, False), together: (threads, True), unshared: (cores, True)}
    found: dict[str, list[float]] = {name: [] for name in (together, unshared)}
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        assert start(Path(place) / "warm", data, 0, 1, samples).wait() == 0  # makes the data
        for number in range(arguments.rounds):
            base: float | None = None
            for way, (name, (count, at_once)) in enumerate(ways.items()):
                if name == unshared and number >= arguments.unshared_rounds:
                    continue
                folder = Path(place) / f"{number}-{way}"
                folder.mkdir()
                spent = took(folder, data, arguments.workers, count, samples, together=at_once, limit=arguments.limit)
                told = f"not ended within {arguments.limit:.0f} s" if spent is None else f"{spent:.1f} s"
                print(f"round {number + 1}: {arguments.workers} workers {name}: {told}", flush=True)
                if name == alone:
                    base = spent
                elif spent is not None and base is not None:
                    found[name].append(spent / base)
    for name, ratios in found.items():
        if ratios:
            spread = f"from {min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} rounds"
            print(f"{name} / {alone}: {statistics.median(ratios):.2f} ({spread})")


if __name__ == "__main__":
    main()
