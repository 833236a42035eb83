"""The console beside nvitop (one GPU box) and W&B LEET (metrics of runs), on the same data, in a terminal of 200×50.

    python bench/console/opponents.py [--nvitop PROGRAM] [--leet PROGRAM] [--rounds 3] [--seconds 30]

Both sides run in turn, `--rounds` times, each started anew. Programs are looked for on PATH when none is given. CPU and
memory are those of the program and all that it started: the console's probe, wandb's core.

    host     eight GPUs of a stub driver (tests/data/nvml/stub.c, built with cc): nvitop beside our host screen
    live     a run that writes 20 metrics ten times a second, through `wandb` offline for LEET, into its run directory
             for us: LEET's charts beside our worker screen
             (wandb writes its file every 32 KiB or 15 s, we show each row as it comes)
    many     200 runs × 2,000 points × 4 metrics, all over each other: LEET reads .wandb files, we what an ended
             console keeps on the disk; no host is asked. LEET has no key for all runs: each is taken by itself
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from latency import run_folder
from terminal import Terminal

REPOSITORY = Path(__file__).parents[2]
Figures = dict[str, float]
SIZE = {"width": 200, "height": 50}
GPU = b"Stub"
RUNS, POINTS, METRICS = 200, 2000, ("loss", "val_loss", "val_accuracy", "val_ratio")
WRITES = """
import sys, time
import wandb
run = wandb.init(project="bench", dir=sys.argv[1])
step = 0
while True:
    step += 1
    run.log({f"metric{n:02}": step / (n + 1) for n in range(20)})
    time.sleep(0.1)
"""


def console(config: Path, state: Path, **environment: str) -> Terminal:
    """Ours."""
    argv = [sys.executable, "-m", "console", "--config", str(config), "--state", str(state)]
    return Terminal(argv, **SIZE, PYTHONPATH=str(REPOSITORY), **environment)


def watched(terminal: Terminal, seconds: float, **more: float) -> Figures:
    """What looking for so long costs."""
    spent, began = terminal.cpu_of_all(), time.monotonic()
    painted = terminal.drain(seconds)
    share = (terminal.cpu_of_all() - spent) / (time.monotonic() - began)
    return {"CPU, % of a core": share * 100, "MiB": terminal.memory_of_all(), "KiB/s": painted / seconds / 1024, **more}


def known_before(config: Path, state: Path, text: bytes, **environment: str) -> None:
    """The console ran before: what it shows first is what it showed last."""
    terminal = console(config, state, **environment)
    since(terminal, text)
    terminal.drain(3.0)
    terminal.close(b"q")


def opened(terminal: Terminal) -> None:
    """What is under the cursor has its own screen, which has settled."""
    terminal.type(b"\r")
    assert terminal.seen(b"overview", 60.0), "its screen never came"
    terminal.drain(6.0)


def since(terminal: Terminal, text: bytes) -> float:
    """Milliseconds from exec until it is painted."""
    moment = terminal.seen(text, 60.0)
    assert moment is not None, f"never painted: {text!r}"
    return (moment - terminal.began) * 1e3


# ---- host ------------------------------------------------------------------------------------------------------------


def host_sides(folder: Path, nvitop: str, seconds: float) -> list[tuple[str, Callable[[], Figures]]]:
    stub = REPOSITORY / "tests/data/nvml/stub.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "libnvidia-ml.so.1", stub], check=True)
    (folder / "gpus").write_text("8 ok")
    driver = {"LD_LIBRARY_PATH": str(folder), "NVML_STUB": str(folder / "gpus")}
    config = folder / "host.toml"
    config.write_text(f'[hosts.here]\nroot = "{folder}/root"\n')

    known_before(config, folder / "host", GPU, **driver)

    def ours() -> Figures:
        terminal = console(config, folder / "host", **driver)
        first = since(terminal, GPU)
        figures = since(terminal, b"1 host ")
        since(terminal, GPU)
        terminal.type(b"1")
        terminal.drain(1.0)
        opened(terminal)
        found = watched(terminal, seconds, **{"first frame ms": first, "live screen ms": figures})
        terminal.close(b"qq")
        return found

    def theirs() -> Figures:
        terminal = Terminal([nvitop, "--monitor", "full"], **SIZE, **driver)
        first = since(terminal, GPU)
        terminal.drain(6.0)
        found = watched(terminal, seconds, **{"first frame ms": first, "live screen ms": first})
        terminal.close(b"q")
        return found

    return [("host screen", ours), ("nvitop", theirs)]


# ---- live ------------------------------------------------------------------------------------------------------------


def write_rows(run: Path) -> None:
    """Until it is killed."""
    status = json.loads((run / "status.json").read_text())
    with (run / "metrics.jsonl").open("ab", buffering=0) as rows:
        for step in range(1, 10**9):
            figures = {f"metric{n:02}": step / (n + 1) for n in range(20)}
            rows.write(json.dumps({"t": time.time(), "step": step, "phase": "train", **figures}).encode() + b"\n")
            if step % 10 == 0:
                part = run / "status.part"
                now = {"heartbeat": time.time(), "progress_at": time.time()}
                part.write_text(json.dumps({**status, **now, "step": step}))
                part.replace(run / "status.json")
            time.sleep(0.1)


@contextmanager
def wandb_writes(leet: str, folder: Path) -> Iterator[Path]:
    """A run of wandb that goes on; its folder."""
    python = Path(leet).resolve().with_name("python")
    environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([python, "-c", WRITES, folder], env=environment, stdout=quiet, stderr=quiet)
    try:
        while not (found := list(folder.glob("wandb/offline-run-*/*.wandb"))) or found[0].stat().st_size < 65536:
            assert process.poll() is None, "wandb wrote nothing"
            time.sleep(0.2)
        yield found[0].parent
    finally:
        process.terminate()
        process.wait()


def live_sides(folder: Path, leet: str, seconds: float) -> list[tuple[str, Callable[[], Figures]]]:
    def ours() -> Figures:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            run = run_folder(Path(name))
            config = Path(name) / "config.toml"
            config.write_text(f'[hosts.here]\nroot = "{name}/.trajconsole"\n')
            writer = os.fork()
            if writer == 0:
                write_rows(run)
            try:
                time.sleep(6.0)
                terminal = console(config, Path(name) / "state")
                first = since(terminal, b"watched")
                terminal.drain(6.0)
                opened(terminal)
                found = watched(terminal, seconds, **{"first frame ms": first})
                terminal.close(b"\x03")
            finally:
                os.kill(writer, 9)
                os.waitpid(writer, 0)
        return found

    def theirs() -> Figures:
        with tempfile.TemporaryDirectory(dir=folder) as name, wandb_writes(leet, Path(name)) as run:
            terminal = Terminal([leet, "leet", "run", str(run)], **SIZE, WANDB_ERROR_REPORTING="false")
            first = since(terminal, b"metric00")
            terminal.drain(6.0)
            found = watched(terminal, seconds, **{"first frame ms": first})
            terminal.close(b"q")
        return found

    return [("worker screen", ours), ("LEET", theirs)]


# ---- many ------------------------------------------------------------------------------------------------------------


def fill(state: Path) -> None:
    """What a console that has ended keeps of 200 runs: the opponent's numbers."""
    sys.path.insert(0, str(REPOSITORY / "bench"))
    from charts import numbers

    now = time.time()
    for number in range(RUNS):
        values = [numbers(number, place)[1] for place in range(len(METRICS))]
        folder = state / f"mirror/far/runs/worker-{number:03}-20260101-000000-0a0b"
        folder.mkdir(parents=True)
        (folder / "run.toml").write_text(f'[origin]\nworker = "worker-{number:03}"\n')
        status = {"state": "finished", "epoch": 9, "epochs": 9, "heartbeat": now}
        (folder / "status.json").write_text(json.dumps(status))
        (folder / "launch.json").write_text(json.dumps({"attempt": 1, "time": now, "pid": 1}))
        (folder / "exit.json").write_text(json.dumps({"attempt": 1, "time": now, "code": 0}))
        with (folder / "metrics.jsonl").open("w") as rows:
            for step in range(POINTS):
                figures = {name: values[place][step] for place, name in enumerate(METRICS)}
                phase = "val" if step == POINTS - 1 else "train"  # compared is what was validated
                row = {"t": now + step, "step": step, "epoch": 1 + step // 250, "phase": phase, **figures}
                rows.write(json.dumps(row, separators=(",", ":")) + "\n")
        (folder / ".metrics.jsonl.inode").write_text("7")


def many_sides(folder: Path, leet: str, _seconds: float) -> list[tuple[str, Callable[[], Figures]]]:
    state, files = folder / "many", folder / "wandb"
    fill(state)
    if leet:
        python = Path(leet).resolve().with_name("python")
        subprocess.run([python, REPOSITORY / "bench/charts.py", "--write", files], check=True)
    config = folder / "many.toml"
    config.write_text('[hosts.far]\nssh = "127.0.0.1:1"\n')  # nobody is there: what is shown is what was kept

    known_before(config, state, b"200 workers")

    def ours() -> Figures:
        terminal = console(config, state)
        first = since(terminal, b"worker-0")
        loaded = since(terminal, b"200 workers")
        terminal.drain(2.0)
        asked, spent = time.monotonic(), terminal.cpu_of_all()
        terminal.type(b"c")
        shown = terminal.seen(b"compare 200 runs", 60.0)
        assert shown, "no comparison came"
        more = {"first frame ms": first, "runs listed ms": loaded, "overlaid ms": (shown - asked) * 1e3}
        cpu = terminal.cpu_of_all()
        found = {"CPU s": cpu, "… overlaying": cpu - spent, "MiB": terminal.memory_of_all(), **more}
        terminal.close(b"qq")
        return found

    def theirs() -> Figures:
        terminal = Terminal([leet, "leet", "run", str(files)], **SIZE, WANDB_ERROR_REPORTING="false")
        terminal.seen(b"run", 60.0)
        first = (time.monotonic() - terminal.began) * 1e3
        loaded = terminal.still(2.0)
        asked, spent = time.monotonic(), terminal.cpu_of_all()
        terminal.type(b"\x1b[B " * (RUNS - 1))  # down, and the space bar that takes the run: there is no key for all
        terminal.read(30.0)
        last = terminal.still(4.0)
        times = {"runs listed ms": (loaded - terminal.began) * 1e3, "overlaid ms": (last - asked) * 1e3}
        more = {"first frame ms": first, **times}
        cpu = terminal.cpu_of_all()
        found = {"CPU s": cpu, "… overlaying": cpu - spent, "MiB": terminal.memory_of_all(), **more}
        terminal.close(b"q")
        return found

    return [("comparison", ours), ("LEET", theirs)]


# ---- in turn ---------------------------------------------------------------------------------------------------------


def in_turn(title: str, sides: list[tuple[str, Callable[[], Figures]]], rounds: int) -> None:
    """Each side's figures, and their ratio round by round."""
    found: dict[str, list[Figures]] = {name: [] for name, _ in sides}
    loads = []
    for _ in range(rounds):
        loads.append(os.getloadavg()[0])
        for name, measure in sides:
            found[name].append(measure())
    print(f"{title}   {rounds} rounds, load {min(loads):.1f} to {max(loads):.1f}")
    for name, rows in found.items():
        for key in rows[0]:
            print(f"  {name:14} {key:18} {spread([row[key] for row in rows])}")
    if len(found) == 2:
        ours, theirs = found.values()
        for key in ours[0]:
            ratios = [mine[key] / other[key] for mine, other in zip(ours, theirs, strict=True) if other.get(key)]
            if ratios:
                print(f"  {'ours / theirs':14} {key:18} {spread(ratios)}")
    sys.stdout.flush()


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):9.2f}  ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nvitop", default=shutil.which("nvitop") or "", metavar="PROGRAM")
    parser.add_argument("--leet", default=shutil.which("wandb") or "", metavar="PROGRAM", help="wandb, from 0.31 on")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", choices=("host", "live", "many"), default="")
    asked = parser.parse_args()
    parts = {
        "host": ("host: eight GPUs of a stub driver", host_sides, asked.nvitop),
        "live": ("live: 20 metrics, ten times a second", live_sides, asked.leet),
        "many": (f"many: {RUNS} runs × {POINTS:,} points × {len(METRICS)} metrics", many_sides, asked.leet),
    }
    for name, program, package in (("--nvitop", asked.nvitop, "nvitop"), ("--leet", asked.leet, "wandb")):
        if not program:
            mend = f"pip install {package} into a venv of its own, then {name} PROGRAM"
            print(f"{package} is not installed, ours runs alone: {mend}")
    for name, (title, make, program) in parts.items():
        if asked.only in ("", name):
            with tempfile.TemporaryDirectory() as folder:
                sides = make(Path(folder), program and str(Path(program).absolute()), asked.seconds)
                in_turn(title, sides if program else sides[:1], asked.rounds)


if __name__ == "__main__":
    main()
