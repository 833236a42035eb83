"""CPU of the console with one live run on this machine, in a real terminal; and of the probe that it keeps there.

    python bench/console/live.py [--seconds 30]

The run writes ten rows of five metrics, two lines of log and one status.json a second. Measured by itself as well: the
same console when the run says nothing.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from latency import run_folder
from terminal import Terminal, below, cpu_of


def write(run: Path, seconds: float) -> None:
    """What a quick training writes."""
    status = json.loads((run / "status.json").read_text())
    end, turn = time.monotonic() + seconds, 0
    with (run / "metrics.jsonl").open("ab", buffering=0) as rows, (run / "train.log").open("ab", buffering=0) as log:
        while time.monotonic() < end:
            turn += 1
            figures = {"loss": 1 / turn, "a": 0.5, "b": turn / 7, "c": turn * 2.0, "d": -1.0 * turn}
            row = {"t": time.time(), "step": turn, "epoch": 1, "phase": "train", **figures}
            rows.write(json.dumps(row).encode() + b"\n")
            if turn % 5 == 0:
                log.write(f"step {turn} loss {1 / turn:.4f}\n".encode())
            if turn % 10 == 0:
                now = {"heartbeat": time.time(), "progress_at": time.time(), "step": turn, "steps": 10_000}
                temporary = run / "status.part"
                temporary.write_text(json.dumps({**status, **now, "metrics": {"loss": 1 / turn, "a": 0.5}}))
                temporary.replace(run / "status.json")
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        run = run_folder(Path(name))
        config = Path(name) / "config.toml"
        config.write_text(f'[hosts.here]\nroot = "{name}/.trajconsole"\n')
        argv = [sys.executable, "-m", "console", "--config", str(config), "--state", f"{name}/state"]
        console = Terminal(argv)
        assert console.seen(b"begin", 60.0), "the console never showed the log"
        console.drain(8.0)
        for title in ("a quiet run", "a live run"):
            children = below(console.pid)
            before, probes, began = console.cpu(), sum(map(cpu_of, children)), time.monotonic()
            if title == "a live run":
                writer = os.fork()
                if writer == 0:
                    write(run, asked.seconds)
                    os._exit(0)
            console.drain(asked.seconds)
            took = time.monotonic() - began
            share, probe = (console.cpu() - before) / took, (sum(map(cpu_of, children)) - probes) / took
            print(f"{title:12} the console {share:.2%} of a core, its probe {probe:.2%}", flush=True)
        os.waitpid(writer, 0)
        console.close(b"q")
    print("goals: 2 % with one live run, about 0 % idle")


if __name__ == "__main__":
    main()
