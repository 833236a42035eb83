"""200 runs × 2,000 points × 4 metrics over each other: our charts beside others', in a terminal of 200×50, in turn.

    python bench/charts.py [repeats] [--rivals PYTHON]

`PYTHON` is the interpreter of an environment of its own with textual-plotext, wandb or both; what it
lacks is left out, and without it only our side runs. Each side is a process in a pseudo terminal, started anew every
time, with the same numbers in lists:

    ours         four charts of 200 curves each, shown, then painted; then the cursor moved by one key; one row of a
                 million points that grew by one
    plotext      textual-plotext, four plots of 200 curves each, the same
    leet         wandb leet on the same numbers in .wandb files: until all of them are shown over each other
"""

import argparse
import json
import math
import os
import pty
import random
import resource
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

RUNS, POINTS, METRICS = 200, 2000, ("loss", "val_loss", "accuracy", "ratio")
MILLION = 1_000_000
LEET_ALL = b"\x1b[B " * (RUNS - 1)  # down, and the space bar that takes the run: it has no key for all of them
LEET_MOST_S, LEET_STILL_S = 90.0, 4.0


def numbers(run: int, metric: int) -> tuple[list[float], list[float]]:
    rng = random.Random(run * 10 + metric)
    steps = [float(step * 10) for step in range(POINTS)]
    return steps, [math.exp(-n / 700) * (1 + metric) + rng.random() * 0.1 + run * 0.001 for n in range(POINTS)]


def all_numbers() -> dict[tuple[int, int], tuple[list[float], list[float]]]:
    return {(run, metric): numbers(run, metric) for run in range(RUNS) for metric in range(len(METRICS))}


class Clock:
    """Wall time and CPU since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __call__(self) -> dict[str, float]:
        return {"wall": time.perf_counter() - self._wall, "cpu": time.process_time() - self._cpu}


def memory() -> float:
    """MB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


# ---- one side, in its terminal ---------------------------------------------------------------------------------------


def ours() -> dict[str, float]:
    from textual.app import App, ComposeResult

    from console.charts.panel import Panel, Series
    from console.themes import DARK
    from console.widgets.chart import ChartPane

    data = all_numbers()
    found: dict[str, float] = {"before_mb": memory()}

    def series(run: int, metric: int) -> Series:
        return Series((run, metric), f"run-{run}", lambda axis: data[run, metric])

    panels = [
        Panel(name, tuple(series(run, metric) for run in range(RUNS)), chosen="run-7")
        for metric, name in enumerate(METRICS)
    ]

    class Bench(App[None]):
        CSS_PATH = "../console/app.tcss"

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return {"tone-third": "#b58fc9", "tone-fourth": "#6fb8ad"}

        def __init__(self) -> None:
            super().__init__()
            self.register_theme(DARK)
            self.theme = DARK.name

        def compose(self) -> ComposeResult:
            pane = ChartPane()
            pane.styles.height = "1fr"
            yield pane

        def on_ready(self) -> None:
            self.clock = Clock()
            self.query_one(ChartPane).show(panels)
            self.call_after_refresh(self.overlaid)

        def overlaid(self) -> None:
            found.update(self.clock(), mb=memory())
            self.clock = Clock()
            self.query_one(ChartPane).action_chart_cursor(-1)
            self.call_after_refresh(self.moved)

        def moved(self) -> None:
            found["cursor"] = self.clock()["cpu"]
            self.million = [float(x) for x in range(MILLION)], [random.random() for _ in range(MILLION)]
            self.query_one(ChartPane).show([Panel("one", (Series("one", "one", lambda axis: self.million),))])
            self.call_after_refresh(self.grow)

        def grow(self) -> None:
            pane, (xs, ys) = self.query_one(ChartPane), self.million
            xs.append(float(MILLION))
            ys.append(30.0)
            pane._cost = 0.0  # not later: now
            self.clock = Clock()
            pane.show([Panel("one", (Series("one", "one", lambda axis: (xs, ys)),))])
            self.call_after_refresh(self.grew)

        def grew(self) -> None:
            found["grew"] = self.clock()["cpu"]
            self.exit()

    Bench().run()
    return found


def plotext() -> dict[str, float]:
    from textual.app import App, ComposeResult
    from textual.containers import Grid
    from textual_plotext import PlotextPlot

    data = all_numbers()
    found: dict[str, float] = {"before_mb": memory()}

    class Bench(App[None]):
        CSS = "Grid { grid-size: 2 2; }"

        def compose(self) -> ComposeResult:
            with Grid():
                for name in METRICS:
                    yield PlotextPlot(id=name)

        def on_ready(self) -> None:
            self.clock = Clock()
            for metric, name in enumerate(METRICS):
                plot = self.query_one(f"#{name}", PlotextPlot)
                for run in range(RUNS):
                    plot.plt.plot(*data[run, metric], marker="braille")
                plot.refresh()
            self.call_after_refresh(self.done)

        def done(self) -> None:
            found.update(self.clock(), mb=memory())
            self.exit()

    Bench().run()
    return found


SIDES: dict[str, Callable[[], dict[str, float]]] = {"ours": ours, "plotext": plotext}


# ---- files that others read ------------------------------------------------------------------------------------------


def write_wandb(folder: str) -> None:
    """Transaction logs as wandb writes them: records in blocks of 32 KiB, as LevelDB's log has them."""
    from wandb.proto import wandb_internal_pb2 as pb

    data = all_numbers()
    for run in range(RUNS):
        name = f"run{run:05d}"
        records = [pb.Record(num=1, run=pb.RunRecord(run_id=name, display_name=f"run-{run}", project="bench"))]
        for n in range(POINTS):
            record = pb.Record(num=n + 2)
            record.history.step.num = n
            for key, value in [(name, data[run, m][1][n]) for m, name in enumerate(METRICS)] + [("_step", n)]:
                item = record.history.item.add()
                item.nested_key.append(key)
                item.value_json = json.dumps(value)
            records.append(record)
        records.append(pb.Record(num=POINTS + 2, exit=pb.RunExitRecord(exit_code=0)))
        place = Path(folder) / f"run-20260101_0{run // 100}{run % 100 // 10}{run % 10}00-{name}"
        place.mkdir(parents=True)
        (place / f"run-{name}.wandb").write_bytes(blocks(record.SerializeToString() for record in records))


def blocks(records: Iterable[bytes]) -> bytes:
    out = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0))
    seeds = [zlib.crc32(bytes([kind])) for kind in range(5)]
    for data in records:
        first, rest = True, data
        while first or rest:
            left = 32768 - len(out) % 32768
            if left < 7:
                out += bytes(left)
                left = 32768
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (1 if not rest else 2) if first else (4 if not rest else 3)
            out += struct.pack("<IHB", zlib.crc32(part, seeds[kind]) & 0xFFFFFFFF, len(part), kind) + part
            first = False
    return bytes(out)


# ---- in turn ---------------------------------------------------------------------------------------------------------


def in_terminal(argv: list[str], env: dict[str, str]) -> int:
    """Run it in a pseudo terminal of 200×50 whose output nobody looks at; the process id's exit code."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    process = subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower, env=env, start_new_session=True)
    os.close(follower)
    drain = threading.Thread(target=_drain, args=(leader,), daemon=True)
    drain.start()
    code = process.wait(timeout=300)
    drain.join(2)
    os.close(leader)
    return code


def _drain(leader: int) -> None:
    try:
        while os.read(leader, 1 << 16):
            pass
    except OSError:
        return


def child(python: str, side: str) -> dict[str, float] | None:
    with tempfile.NamedTemporaryFile() as out:
        root = str(Path(__file__).parents[1])
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": root}
        code = in_terminal([python, __file__, "--child", side, out.name], env)
        text = Path(out.name).read_text()
        return json.loads(text) if code == 0 and text else None


def leet(python: str, folder: str) -> dict[str, float] | None:
    """Until nothing more is painted, after all runs were asked for; CPU and memory of all its processes."""
    program = Path(python).with_name("wandb")
    if not program.exists():
        return None
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "WANDB_DIR": folder, "WANDB_ERROR_REPORTING": "false"}
    argv = [str(program), "leet", "run", folder]
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower, env=env, start_new_session=True)
    os.close(follower)
    last = first = 0.0
    selected, asked_at = False, 0.0
    try:
        while (now := time.perf_counter() - start) < LEET_MOST_S:
            ready, _, _ = select.select([leader], [], [], 0.2)
            if ready:
                data = os.read(leader, 1 << 16)
                last, first = now, first or now
                for asked, answer in ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x1b\\")):
                    if asked in data:
                        os.write(leader, answer)
            elif first and not selected and now - last > 1.0:
                os.write(leader, LEET_ALL)
                selected = True
                last = asked_at = now
            elif selected and now - last > LEET_STILL_S:
                break
        group = _group(process.pid)
        return {"wall": last - asked_at, "cpu": group[0], "mb": group[1], "before_mb": 0.0, "first": first}
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(leader)


def _group(leader: int) -> tuple[float, float]:
    """CPU seconds and MB of a process and its children."""
    import psutil

    every = [psutil.Process(leader), *psutil.Process(leader).children(recursive=True)]
    times = [one.cpu_times() for one in every]
    return sum(one.user + one.system for one in times), sum(one.memory_info().rss for one in every) / 1e6


def told(name: str, found: list[dict[str, float]]) -> None:
    def spread(key: str, factor: float = 1.0) -> str:
        values = [one[key] * factor for one in found]
        return f"{statistics.median(values):8.2f} ({min(values):.2f} to {max(values):.2f})"

    print(f"{name:12} painted {spread('wall')} s   CPU {spread('cpu')} s   memory {spread('mb')} MB")
    if "cursor" in found[0]:
        print(
            f"{'':12} CPU: cursor moved {spread('cursor', 1000)} ms   one of a million grew {spread('grew', 1000)} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repeats", nargs="?", type=int, default=5)
    parser.add_argument("--rivals", default="", metavar="PYTHON")
    parser.add_argument("--leet", action="store_true", help="wandb leet too: a minute for each repeat")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        side, out = arguments.child
        Path(out).write_text(json.dumps(SIDES[side]()))
        return
    if arguments.write:
        write_wandb(arguments.write)
        return
    print(f"{RUNS} runs × {POINTS:,} points × {len(METRICS)} metrics; load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        compare(arguments.repeats, arguments.rivals, folder, with_leet=arguments.leet)


def compare(repeats: int, rivals: str, folder: str, *, with_leet: bool) -> None:
    found: dict[str, list[dict[str, float]]] = {"ours": []}
    if rivals and with_leet:
        done = subprocess.run([rivals, __file__, "--write", f"{folder}/wandb"], capture_output=True)
        if done.returncode:
            print(f"no .wandb files: {done.stderr.decode().strip().splitlines()[-1]}")
    for _ in range(repeats):
        for side in SIDES if rivals else ("ours",):
            python = sys.executable if side == "ours" else rivals
            one = child(python, side)
            if one is not None:
                found.setdefault(side, []).append(one)
        if rivals and with_leet and Path(folder, "wandb").exists():
            one = leet(rivals, f"{folder}/wandb")
            if one is not None:
                found.setdefault("leet", []).append(one)
    for side, values in found.items():
        if not values:
            print(f"{side} did not run")
            continue
        told(side, values)
        if side != "ours":
            ratios = [theirs["wall"] / mine["wall"] for theirs, mine in zip(values, found["ours"], strict=False)]
            print(f"{'':12} ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()
