"""What does watching cost the host? Processor time of the probe against a polling loop of the usual commands.

    python bench/probe_cost.py [--runs 4] [--old 500] [--rounds 3] [--seconds 10]

Each round runs both in turn over the same folders: `--runs` live ones, each with a living process and a metric a
second, and `--old` finished ones. The opponent is a shell loop that asks once a second what the probe knows: df,
memory, load, nvidia-smi where there is one, and the end of every live file by tail; of the old folders it only lists
the names. The figure is processor time, user and system, of the process and of all that it has waited for, from /proc.

With `--gpus 8` the probe also asks a driver of eight GPUs that is none (tests/data/nvml/stub.c, built with cc); the
opponent does not, because a stub of nvidia-smi would cost nothing like the real one. `--nvitop PROGRAM` adds a third in
turn, on a terminal of its own over the same driver, every 2 seconds as it does by default. A real driver costs more for
all of them; what is compared is what they do with it.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pty
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

from remote import bundle
from remote.watch import Watch, Watched
from remote.wire import encode_beat, encode_watch

DOCUMENTS = ("status.json", "launch.json", "exit.json", "results.json", "run.toml")
STREAMS = ("metrics.jsonl", "events.jsonl", "train.log")
POLLER = """
while :; do
  df -P >/dev/null; cat /proc/meminfo /proc/loadavg /proc/stat >/dev/null
  command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,memory.used,utilization.gpu --format=csv >/dev/null
  ls "$1/runs" >/dev/null
  for run in "$1"/runs/live-*; do
    for file in metrics.jsonl events.jsonl train.log; do tail -n 20 "$run/$file"; done
    cat "$run/status.json"
  done >/dev/null 2>&1
  sleep 1
done
"""


def make_runs(root: Path, live: int, old: int) -> list[Path]:
    then = time.time() - 86400
    (root / "runs").mkdir()
    for number in range(old):
        folder = root / "runs" / f"old-{number:04}"
        folder.mkdir(parents=True)
        for name in (*DOCUMENTS, *STREAMS):
            (folder / name).write_text('{"pid": 2147480000}\n' * 20)
            os.utime(folder / name, (then, then))
        os.utime(folder, (then, then))
    folders = [root / "runs" / f"live-{number}" for number in range(live)]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in STREAMS:
            (folder / name).write_text('{"step": 1}\n' * 50)
        (folder / "status.json").write_text(json.dumps({"pid": os.getpid()}))
    return folders


def write_metrics(folders: list[Path], over: threading.Event) -> None:
    """What trainers do: a row and a new status every second."""
    while not over.wait(1.0):
        for folder in folders:
            with (folder / "metrics.jsonl").open("a") as file:
                file.write('{"t": 1.0, "step": 2, "loss": 0.5}\n')
            part = folder / ".part"
            part.write_text(json.dumps({"pid": os.getpid(), "heartbeat": time.time()}))
            part.replace(folder / "status.json")


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def cost(process: "subprocess.Popen[bytes]", seconds: float) -> float:
    """Share of one core, after a settling time in which the old folders are read once."""
    time.sleep(6.0)
    before = ticks(process.pid)
    time.sleep(seconds)
    return (ticks(process.pid) - before) / os.sysconf("SC_CLK_TCK") / seconds


def driver(folder: Path, gpus: int) -> dict[str, str]:
    """Environment of a host with so many GPUs."""
    if not gpus:
        return dict(os.environ)
    stub = Path(__file__).parents[1] / "tests" / "data" / "nvml" / "stub.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "libnvidia-ml.so.1", stub], check=True)
    (folder / "state").write_text(f"{gpus} ok")
    return {**os.environ, "LD_LIBRARY_PATH": str(folder), "NVML_STUB": str(folder / "state")}


def probe_cost(root: Path, seconds: float, environment: dict[str, str]) -> float:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        bundle.argv(sys.executable), stdin=pipe, stdout=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdin is not None
        watch = Watch(str(root), (Watched("runs", DOCUMENTS, STREAMS), Watched("races", ("winner.json",))))
        process.stdin.write(bundle.bundle() + encode_watch(watch, {}, 600.0) + encode_beat())
        process.stdin.flush()
        return cost(process, seconds)


def poller_cost(root: Path, seconds: float) -> float:
    with subprocess.Popen(["sh", "-c", POLLER, "sh", str(root)]) as process:
        try:
            return cost(process, seconds)
        finally:
            process.kill()


def nvitop_cost(program: str, seconds: float, environment: dict[str, str]) -> float:
    """On a terminal that nobody looks at."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 150, 0, 0))
    argv = [program, "--monitor", "full", "--interval", "2"]
    with subprocess.Popen(
        argv, stdin=its, stdout=its, stderr=subprocess.DEVNULL, env={**environment, "TERM": "xterm-256color"}
    ) as process:
        os.close(its)
        threading.Thread(target=_drain, args=(ours,), daemon=True).start()
        try:
            return cost(process, seconds)
        finally:
            process.kill()


def _drain(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # the other side is closed
        while os.read(descriptor, 65536):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--old", type=int, default=500)
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("--nvitop", default="", metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root, over = Path(name), threading.Event()
        writer = threading.Thread(target=write_metrics, args=(make_runs(root, arguments.runs, arguments.old), over))
        writer.start()
        environment, ratios = driver(root, arguments.gpus), []
        for number in range(arguments.rounds):
            probe = probe_cost(root, arguments.seconds, environment)
            poller = poller_cost(root, arguments.seconds)
            ratios.append(probe / poller)
            line = f"round {number + 1}: probe {probe:.2%} of a core, polling {poller:.2%}, ratio {ratios[-1]:.2f}"
            if arguments.nvitop:
                line += f"; nvitop {nvitop_cost(arguments.nvitop, arguments.seconds, environment):.2%}"
            print(line, flush=True)
        over.set()
        writer.join()
        low, high = min(ratios), max(ratios)
        what = f"{arguments.runs} live and {arguments.old} finished runs"
        print(f"{what}: ratio {statistics.median(ratios):.2f} (from {low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
