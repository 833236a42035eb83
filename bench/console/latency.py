"""From a line of a log, or a row of metrics, written on a host to the cell painted in a terminal, over a real sshd.

    python bench/console/latency.py [--lines 60]

The opponent follows the same log in a terminal of its own at the same time, as consoles without a probe do: a loop of
`ssh` through a ControlMaster every two seconds that prints the log's end.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from terminal import Terminal, plain

sys.path.insert(0, str(Path(__file__).parents[2] / "tests/integration/ssh"))

from sshd_house import Lan

RUN = "watched-20260101-000000-0a0b"


def run_folder(home: Path) -> Path:
    """A live run, whose process is this one."""
    folder = home / ".trajconsole/runs" / RUN
    folder.mkdir(parents=True)
    now = time.time()
    (folder / "run.toml").write_text('[origin]\nworker = "watched"\n')
    start = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    common = {"pid": os.getpid(), "pid_start": start}
    (folder / "launch.json").write_text(json.dumps({"attempt": 1, "time": now, **common}))
    status = {"state": "training", "worker": "watched", "heartbeat": now, "progress_at": now, **common}
    (folder / "status.json").write_text(json.dumps(status))
    (folder / "train.log").write_text("begin\n")
    (folder / "metrics.jsonl").write_text("")
    return folder


class Watcher(threading.Thread):
    """When each of these texts was first on a terminal; ends when all were, or nothing came for some seconds."""

    def __init__(self, terminal: Terminal, texts: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.terminal, self.at = terminal, dict.fromkeys(texts, 0.0)

    def run(self) -> None:
        missing, end = list(self.at), time.monotonic() + 8.0
        while missing and time.monotonic() < end:
            self.terminal.read(0.5)
            now, text = time.monotonic(), plain(bytes(self.terminal.came))
            found = [wanted for wanted in missing if wanted in text]
            self.at |= dict.fromkeys(found, now)
            missing = [wanted for wanted in missing if wanted not in found]
            end = now + 8.0 if found else end
            del self.terminal.came[:-65536]


def told(name: str, watcher: Watcher, written: dict[bytes, float]) -> float:
    delays = sorted(watcher.at[text] - at for text, at in written.items() if watcher.at[text])
    median, p95 = statistics.median(delays), delays[int(len(delays) * 0.95)]
    print(f"{name:34} {len(delays):4} seen  median {median * 1e3:6.0f} ms  p95 {p95 * 1e3:6.0f} ms", flush=True)
    return median


def measure(lan: Lan, folder: Path, count: int) -> None:
    host = lan.host("far")
    run = run_folder(host.home)
    config = folder / "config.toml"
    config.write_text(f'[hosts.far]\nssh = "far"\nssh_config = "{lan.config}"\npython = "{sys.executable}"\n')
    console = Terminal([sys.executable, "-m", "console", "--config", str(config), "--state", f"{folder}/state"])
    assert console.seen(b"begin", 60.0), "the console never showed the log"
    control = ["ssh", "-F", str(lan.config), "-S", f"{folder}/control"]
    subprocess.run([*control, "-f", "-M", "-N", "far"], check=True, stderr=subprocess.DEVNULL)
    loop = f"while :; do {' '.join(control)} far tail -n 40 {run}/train.log; sleep 2; done"
    polling = Terminal(["sh", "-c", loop])
    try:
        lines = [b"line number %04d." % number for number in range(count)]
        ours, theirs, written = Watcher(console, lines), Watcher(polling, lines), {}
        ours.start()
        theirs.start()
        with (run / "train.log").open("ab", buffering=0) as log:
            for number, text in enumerate(lines):
                time.sleep(0.23 + 0.037 * (number % 7))
                written[text] = time.monotonic()
                log.write(text + b"\n")
        ours.join()
        theirs.join()
        median = told("a line, the console", ours, written)
        other = told("a line, polling ssh every 2 s", theirs, written)
        print(f"{'ratio of the medians':34} {median / other:.3f}")
        values = [f"1.{number:03}" for number in range(100, 100 + count)]
        rows, written = Watcher(console, [value.encode() for value in values]), {}
        rows.start()
        with (run / "metrics.jsonl").open("ab", buffering=0) as metrics:
            for number, value in enumerate(values):
                time.sleep(0.23 + 0.037 * (number % 7))
                written[value.encode()] = time.monotonic()
                row = {"t": time.time(), "step": number, "phase": "train", "score": float(value)}
                metrics.write(json.dumps(row).encode() + b"\n")
        rows.join()
        told("a metric in the chart's title", rows, written)
    finally:
        console.close(b"q")
        polling.close(b"\x03")
        subprocess.run([*control, "-O", "exit", "far"], stderr=subprocess.DEVNULL, check=False)
    print("goals: median 150 ms, p95 300 ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        lan = Lan(Path(name))
        try:
            measure(lan, Path(name), asked.lines)
        finally:
            lan.close()


if __name__ == "__main__":
    main()
