"""Many runs, from the mirror of an ended console: 200 × 2,000 rows × 4 metrics overlaid, 1,000 × 10,000 rows opened.

    python bench/console/runs.py [--runs 1000] [--rows 10000]

Overlaid: from nothing to a thinned curve of each metric of each run. Opened: from nothing to the rows of the workers
table, then one run's curve. The opponent is the contract's own reader (`trainer.record.jsonl`, rows as dictionaries)
with a loop over the rows, in turn, on the first 20 runs and scaled; it is what this console did before decision 23.
"""

import argparse
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path

from console.fleet.fold import recall
from console.fleet.model import Fleet, Host
from console.fleet.points import points, thinned
from console.fleet.view import worker_rows
from console.mirror import Mirror
from trainer.record.jsonl import decode_lines, effective

METRICS = ("loss", "accuracy", "ratio", "speed")
SAMPLE = 20


def fill(state: Path, runs: int, rows: int) -> None:
    """A mirror as a console leaves it."""
    random.seed(1)
    now = time.time()
    lines = [
        {"t": now + step, "step": step, "epoch": step // 100, "phase": "train"}
        | {name: round(random.random(), 6) for name in METRICS}
        for step in range(rows)
    ]
    data = b"".join(json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in lines)
    for number in range(runs):
        folder = state / f"mirror/far/runs/worker-{number:04}-20260101-000000-0a0b"
        folder.mkdir(parents=True)
        (folder / "run.toml").write_text(f'[origin]\nworker = "worker-{number:04}"\n')
        status = {"state": "finished", "epoch": 9, "epochs": 9, "heartbeat": now, "metrics": {"loss": 0.5}}
        (folder / "status.json").write_text(json.dumps(status))
        (folder / "launch.json").write_text(json.dumps({"attempt": 1, "time": now, "pid": 1}))
        (folder / "exit.json").write_text(json.dumps({"attempt": 1, "time": now, "code": 0}))
        (folder / "metrics.jsonl").write_bytes(data)
        (folder / ".metrics.jsonl.inode").write_text("7")


def opened(state: Path) -> Fleet:
    mirror = Mirror(state, "far")
    told = [(dated.event, dated.time, dated.before) for dated in mirror.load()]
    mirror.close()
    return recall(Fleet({"far": Host("far")}), "far", told)


def overlaid(fleet: Fleet) -> int:
    return sum(len(thinned(*points(run, name), 200)[0]) for run in fleet.runs.values() for name in METRICS)


def by_dictionaries(state: Path) -> float:
    """Seconds for the sample."""
    began = time.perf_counter()
    for folder in sorted((state / "mirror/far/runs").iterdir())[:SAMPLE]:
        kept = effective(decode_lines((folder / "metrics.jsonl").read_bytes())[0])
        for name in METRICS:
            [(float(row["step"]), float(row[name])) for row in kept if name in row]
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        fill(state, 200, 2000)
        ratios = []
        for _ in range(3):
            began, spent = time.perf_counter(), time.process_time()
            count = overlaid(opened(state))
            took, cpu = time.perf_counter() - began, time.process_time() - spent
            other = by_dictionaries(state) / SAMPLE * 200
            ratios.append(took / other)
            ours = f"200 × 2,000 × 4 overlaid ({count} points): {took:.2f} s, {cpu:.2f} s of CPU"
            print(f"{ours}; dictionaries {other:.2f} s", flush=True)
        print(f"ratio {sorted(ratios)[1]:.2f} ({min(ratios):.2f}–{max(ratios):.2f}); goal 1 s")
    pid = os.fork()
    if pid == 0:
        with tempfile.TemporaryDirectory() as name:
            state = Path(name)
            fill(state, asked.runs, asked.rows)
            for _ in range(3):
                began, spent = time.perf_counter(), time.process_time()
                fleet = opened(state)
                rows = worker_rows(fleet, time.time())
                took, cpu = time.perf_counter() - began, time.process_time() - spent
                began = time.perf_counter()
                count = len(points(next(iter(fleet.runs.values())), "loss")[0])
                first = time.perf_counter() - began
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                size = f"one run's curve {first * 1e3:.0f} ms; {peak:.0f} MiB at most"
                print(f"{len(rows)} × {count:,} opened: {took:.2f} s, {cpu:.2f} s of CPU; {size}", flush=True)
            print("goal 2 s", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
