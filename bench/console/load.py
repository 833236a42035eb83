"""The console under load, in a real terminal: 100 hosts × 8 GPUs and 400 workers at 1 Hz, 5,000 log lines a second, and
10 hosts that never say a word.

    python bench/console/load.py [--seconds 30] [--keys 60] [--hosts 100] [--workers 4]

The load comes over the fake transport (`remote.fake`), in the console's own process: links, decoding, mirror, fold and
screen are the real ones. What making the load costs is measured by itself, in a process that only reads it. Measured
are the time from a key to the repaint that it caused, CPU and memory, and the CPU of an idle console with one host.
"""

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from terminal import Terminal

from console import config as configuration
from remote.fake import FakeTransport, Pause, Saying, Silence

GIB = 2**30
LOGGING = 20  # hosts whose first worker writes 25 lines ten times a second
GPU = {"name": "NVIDIA H100 80GB HBM3", "memory_total": 80 * GIB, "power_limit": 700.0}


def line(kind: str, **values: object) -> bytes:
    return json.dumps({"k": kind, **values}, separators=(",", ":")).encode() + b"\n"


def telemetry(seq: int) -> bytes:
    """Placeholders for what must be of the moment."""
    gpus = [
        {**GPU, "index": n, "utilisation": random.random(), "memory_used": random.randrange(60, 80) * GIB,
         "temperature": 60.0 + n, "power": 600.0 + n, "processes": [{"pid": 1000 + n, "memory": GIB, "user": "me"}]}
        for n in range(8)
    ]  # fmt: skip
    disk = {
        "mount": "/",
        "device": "/dev/sda1",
        "kind": "ext4",
        "total": 400 * GIB,
        "used": 100 * GIB,
        "free": 300 * GIB,
    }
    values = {"cpu": random.random(), "load": 2.0, "memory_used": 12 * GIB, "memory_total": 64 * GIB}
    text = line("host", seq=seq, time=0.125, mono=0.25, disks=[disk], gpus=gpus, gpu_source="nvml", **values)
    return text.replace(b"0.125", b"%(now)f").replace(b"0.25", b"%(mono)f")


def status(step: int) -> bytes:
    names = ("loss", "val_accuracy", "attention_ratio", "consistency")
    value = {
        "state": "training", "epoch": step // 30, "epochs": 500, "step": step, "steps": 15000, "samples_per_s": 812.5,
        "step_time_s": 0.1, "eta_s": 4321.0, "started": 0.125, "heartbeat": 0.125, "progress_at": 0.125, "pid": 1000,
        "pid_start": 1, "metrics": {name: random.random() for name in names},
        "stopping": {"criteria": [{"metric": name, "threshold": 0.8, "value": 0.5, "passed": False} for name in names]},
    }  # fmt: skip
    return json.dumps(value).encode().replace(b"0.125", b"%(now)f")


def host(number: int, workers: int, lines: int) -> Iterator[Saying]:
    """A probe's words, for as long as it is listened to."""
    random.seed(number)
    began = time.time()
    folders = [f"runs/worker-{number:03}-{n}-20260101-000000-0a0b" for n in range(workers)]
    words = [telemetry(0) for _ in range(4)]
    said = [json.dumps(status(step).decode()).encode() for step in range(0, 4000, 200)]
    text = "".join(f"12:41:{n % 60:02} epoch 3 step {n:,} loss 0.{n:03} of worker {number}\n" for n in range(25))
    size = 0
    hello = {"version": 1, "hostname": f"h{number}", "boot_id": "b", "boot_time": began - 9e5, "clock": began}
    yield line("hello", **hello, python="3.11", cores=64, root="/root")
    for n, folder in enumerate(folders):
        origin = f'[origin]\nworker = "worker-{number:03}-{n}"\n'
        launch = json.dumps({"attempt": 1, "pid": 999, "pid_start": 1, "time": began, "boot_id": "b"})
        yield line("doc", folder=folder, name="run.toml", text=origin, mtime=began)
        yield line("doc", folder=folder, name="launch.json", text=launch, mtime=began)
        yield line("process", folder=folder, document="launch.json", pid=999, alive=True)
    yield line("synced")
    yield Pause(number % 50 / 50)
    for turn in range(10**9):
        now = {b"now": time.time(), b"mono": time.monotonic()}
        piece = [words[turn % len(words)] % now]
        for n, folder in enumerate(folders):
            document = said[(turn * 3 + n) % len(said)] % now
            row = line("chunk", folder=folder, name="metrics.jsonl", inode=2, start=turn * 80,
                       text=json.dumps({"t": now[b"now"], "step": turn, "loss": 0.5}).ljust(79) + "\n")  # fmt: skip
            piece.append(b'{"k":"doc","folder":"%b","name":"status.json","text":%b}\n' % (folder.encode(), document))
            piece.append(row)
        yield b"".join(piece)
        for _ in range(10):
            if lines:
                yield line("chunk", folder=folders[0], name="train.log", inode=1, start=size, text=text)
                size += len(text)
            yield Pause(0.1)


def transport(name: str, hosts: int, hung: int, workers: int) -> FakeTransport:
    number = int(name[1:])
    script = [Silence()] if number >= hosts - hung else host(number, workers, number < LOGGING)
    return FakeTransport([script])


def inside(asked: argparse.Namespace) -> None:
    """The process that is measured."""
    from console.pump import Pump

    names = [f"h{n:03}" for n in range(asked.hosts)]
    workers = [(name, f"worker-{name[1:]}-{n}") for name in names for n in range(asked.workers)]
    text = "".join(f'[hosts.{name}]\nroot = "/root"\ntransport = "local"\n' for name in names)
    text += "".join(f'[workers.{worker}]\nhost = "{name}"\ncommand = ["true"]\n' for name, worker in workers)
    config = configuration.parse(text, Path("bench.toml"))

    def make(name: str) -> FakeTransport:
        return transport(name, asked.hosts, asked.hung, asked.workers)

    if asked.only_load:
        for name in names:
            threading.Thread(target=read_only, args=(make(name),), daemon=True).start()
        print("HOSTS", flush=True)
        time.sleep(10_000)
    pump = Pump(config, Path(asked.inside), make, later=True)
    from console.app import ConsoleApp

    ConsoleApp(pump, None).run()  # type: ignore[arg-type]


def read_only(made: FakeTransport) -> None:
    """The load, and nothing done with it."""
    channel = made.open(("probe",))
    while channel.recv(65536):
        pass


def keys_to_paint(terminal: Terminal, count: int) -> list[float]:
    """Seconds from each key to the bytes that show the cursor on another worker."""
    found = []
    cursor = re.compile("›.{0,6}worker-\\d+-\\d+".encode())
    for number in range(count):
        terminal.drain(0.15 + 0.037 * (number % 5))
        began = time.monotonic()
        terminal.type(b"j" if number % 20 < 10 else b"k")
        moment = terminal.seen(cursor, 5.0)
        found.append(5.0 if moment is None else moment - began)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--hung", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    parser.add_argument("--only-load", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        inside(asked)
        return
    sizes = ["--hosts", str(asked.hosts), "--hung", str(asked.hung), "--workers", str(asked.workers)]
    turns = {
        "making the load": [*sizes, "--only-load"],
        "loaded": sizes,
        "idle, one host": ["--hosts", "1", "--hung", "0", "--workers", "0"],
    }
    for title, more in turns.items():
        with tempfile.TemporaryDirectory() as state:
            terminal = Terminal([sys.executable, __file__, "--inside", state, *more], width=200, height=50)
            terminal.seen(b"HOSTS")
            terminal.drain(8.0)
            spent, began = terminal.cpu(), time.monotonic()
            painted = terminal.drain(asked.seconds) / asked.seconds / 1024
            share = (terminal.cpu() - spent) / (time.monotonic() - began)
            figures = f"CPU {share:6.1%} of a core   {terminal.resident():5.0f} MiB   {painted:6.1f} KiB/s painted"
            print(f"{title:16} {figures}", flush=True)
            if title == "loaded":
                delays = sorted(keys_to_paint(terminal, asked.keys))
                middle, p95 = statistics.median(delays) * 1e3, delays[int(len(delays) * 0.95)] * 1e3
                print(f"{title:16} key to paint: median {middle:.0f} ms, p95 {p95:.0f} ms", flush=True)
            terminal.close(b"\x03")
    print("goals: key to paint p95 50 ms, 25 % of a core, 200 MiB; idle about 0 %")


if __name__ == "__main__":
    main()
