"""Fleets for the screen's tests, told message by message as links would, and a source and actions that hand them in."""

import contextvars
import copy
import functools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from console.deeds.adopting import Wish
from console.door import Questions
from console.examine import Found
from console.fleet.fold import fold
from console.fleet.model import Fleet, Planned, RunKey
from console.pulling.options import PullOptions
from console.source import HostKey, Step
from remote.adoption import Foreign
from remote.events import (
    Block,
    Cache,
    Chunk,
    Disk,
    Document,
    Event,
    Facts,
    Gpu,
    GpuProcess,
    Hello,
    LinkState,
    Process,
    Synced,
    Telemetry,
)
from remote.launcher import LADDER, Rung

NOW = 1767357663.0  # 2026-01-02 12:41:03 UTC
GIB = 2**30


class Story:
    """A fleet, told piece by piece."""

    def __init__(self, now: float = NOW) -> None:
        self.fleet = Fleet()
        self.now = now
        self._pids = 100
        self._ends: dict[tuple[str, str], int] = {}

    def tell(self, host: str, *events: Event, at: float | None = None) -> "Story":
        self.fleet = fold(self.fleet, host, events, self.now if at is None else at)
        return self

    def host(
        self, name: str, *, gpus: tuple[Gpu, ...] = (), cores: int = 8, disk: float = 0.44, **more: Any
    ) -> "Story":
        values = {"cpu": 0.34, "load": 2.1, "memory_used": 12 * GIB, "memory_total": 62 * GIB, **more}
        total = 400 * GIB
        used = int(total * disk)
        return self.tell(
            name,
            LinkState("connected"),
            Hello(
                1, name, f"boot-{name}", self.now - 500_000, self.now, "3.11.2", cores, "me", "/home/me/.trajconsole"
            ),
            Telemetry(
                7,
                self.now,
                7.0,
                gpus=gpus,
                disks=(Disk("/", "/dev/nvme0n1p1", "ext4", total, used, total - used),),
                **values,
            ),
            Synced(),
        )

    def plan(self, worker: str, host: str, since: float) -> "Story":
        planned = {**self.fleet.planned, worker: Planned(worker, host, since)}
        self.fleet = replace(self.fleet, planned=planned)
        return self

    def worker(
        self,
        worker: str,
        host: str,
        state: str,
        *,
        age: float = 1.0,
        race: str = "",
        log: str = "",
        rows: tuple[Mapping[str, Any], ...] = (),
        events: tuple[Mapping[str, Any], ...] = (),
        exit: Mapping[str, Any] | None = None,
        alive: bool = True,
        began: float = 760.0,
        **status: Any,
    ) -> "Story":
        run = run_of(worker)
        folder = f"runs/{run}"
        self._pids += 2
        pid = self._pids
        start = self.now - began
        origin = f'[origin]\nworker = "{worker}"\n' + (f'race = "{race}"\n' if race else "")
        launch = {"attempt": 1, "pid": pid, "pid_start": 1, "time": start, "boot_id": f"boot-{host}"}
        values = {
            "state": state,
            "worker": worker,
            "run": run,
            "started": start + 1,
            "heartbeat": self.now - age,
            "progress_at": self.now - age,
            "pid": pid + 1,
            "pid_start": 1,
            **status,
        }
        self.tell(host, Document(folder, "run.toml", origin), Document(folder, "launch.json", json.dumps(launch)))
        if state:
            self.tell(
                host,
                Document(folder, "status.json", json.dumps(values)),
                Process(folder, "status.json", pid + 1, alive),
            )
        self.tell(host, Process(folder, "launch.json", pid, alive))
        if exit is not None:
            self.tell(host, Document(folder, "exit.json", json.dumps({"attempt": 1, "time": self.now - age, **exit})))
        for name, items in (("metrics.jsonl", rows), ("events.jsonl", events)):
            if items:
                data = b"".join(json.dumps(item).encode() + b"\n" for item in items)
                self.tell(host, Chunk(folder, name, 8, 0, data))
        return self.log(worker, host, log) if log else self

    def log(self, worker: str, host: str, text: str | bytes) -> "Story":
        data = text.encode() if isinstance(text, str) else text
        start = self._ends.get((worker, host), 0)
        self._ends[(worker, host)] = start + len(data)
        return self.tell(host, Chunk(f"runs/{run_of(worker)}", "train.log", 9, start, data))


def run_of(worker: str) -> str:
    return f"{worker}-20260102-122800-0a0b"


def key_of(worker: str, host: str) -> RunKey:
    return RunKey(host, run_of(worker))


def curve(epochs: int, per_epoch: int = 20) -> tuple[dict[str, Any], ...]:
    """Rows of a training: a noisy falling loss, and validation figures after each epoch."""
    rows: list[dict[str, Any]] = []
    for step in range(1, epochs * per_epoch + 1):
        x = step / per_epoch
        loss = 0.7 * math.exp(-x / 6) + 0.05 + 0.03 * math.sin(step * 1.7)
        rows.append(
            {"t": NOW - 700 + step, "step": step * 25, "epoch": int(x), "phase": "train", "loss": round(loss, 4)}
        )
        if step % per_epoch == 0:
            up = 1 - math.exp(-x / 9)
            rows.append(
                {
                    "t": NOW - 700 + step,
                    "step": step * 25,
                    "epoch": int(x),
                    "phase": "validate",
                    "val_loss": round(0.62 * math.exp(-x / 9) + 0.11, 4),
                    "val_accuracy": round(0.5 + 0.22 * up + 0.01 * math.sin(x), 4),
                    "attention_ratio": round(1 + 0.42 * up, 4),
                    "consistency": round(0.9 * up * up, 4),
                }
            )
    return tuple(rows)


def criteria(accuracy: float | None, ratio: float | None, consistency: float | None) -> dict[str, Any]:
    wanted = (("val_accuracy", 0.75, accuracy), ("attention_ratio", 1.5, ratio), ("consistency", 0.7, consistency))
    items = [
        {
            "metric": name,
            "op": ">=",
            "threshold": limit,
            **({} if value is None else {"value": value, "passed": value >= limit}),
        }
        for name, limit, value in wanted
    ]
    return {"criteria": items, "every": 5, "checked_epoch": 15, "next_epoch": 20}


LOG = (
    "".join(
        f"12:{20 + n // 3:02d}:{n % 3 * 20:02d} epoch {n // 3 + 1} step {n * 166:,} loss {0.7 - n * 0.008:.3f}\n"
        for n in range(40)
    )
    + "12:40:58 validating 1,000 clips\n12:41:02 saved checkpoint epoch 14 (best so far)\n"
)
EVENTS = (
    {"t": NOW - 760, "event": "launched", "attempt": 1},
    {"t": NOW - 700, "event": "state", "state": "training"},
    {"t": NOW - 3, "event": "checkpoint", "epoch": 14, "file": "checkpoints/epoch-014.pt"},
)
TRAINING = {
    "epoch": 15,
    "epochs": 50,
    "step": 7480,
    "steps": 25000,
    "samples_per_s": 812.4,
    "step_time_s": 0.02,
    "data_wait": 0.04,
    "eta_s": 4320.0,
    "metrics": {"loss": 0.3121, "val_accuracy": 0.682, "attention_ratio": 1.3204, "consistency": 0.645},
    "best": {"attention_ratio": {"value": 1.35, "epoch": 12}},
    "stopping": criteria(0.682, 1.3204, 0.645),
    "checkpoint": {"file": "checkpoints/epoch-014.pt", "epoch": 14, "time": NOW - 180},
}
VALIDATING = {
    **TRAINING,
    "epoch": 12,
    "epochs": 30,
    "step": 6000,
    "steps": 15000,
    "samples_per_s": 1204.0,
    "eta_s": 1860.0,
    "metrics": {"loss": 0.0012, "val_accuracy": 1.0, "attention_ratio": 1.26, "consistency": 0.381},
    "stopping": criteria(1.0, 1.26, 0.381),
    "notes": ["pre-trained features: ResNet-18, weights random"],
}
A10G = tuple(
    Gpu(
        n,
        "NVIDIA A10G",
        utilisation=u,
        memory_used=int(12.9 * GIB),
        memory_total=23 * GIB,
        temperature=71.0,
        power=211.0 / 4,
    )
    for n, u in enumerate((0.98, 0.97, 0.95, 0.12))
)
H100 = tuple(
    Gpu(
        n,
        "NVIDIA H100 80GB HBM3",
        utilisation=0.91,
        memory_used=61 * GIB,
        memory_total=80 * GIB,
        temperature=64.0,
        power=612.0,
    )
    for n in range(8)
)
RACE = "persistence-20260102-122800-0c0d"
RACES = {"persistence": ("attention", "pretrained")}


def told_once(tell: Callable[[], Story]) -> Callable[[], Story]:
    """A fleet is immutable: each test may go on from the same one."""
    kept: list[Story] = []

    @functools.wraps(tell)
    def again() -> Story:
        if not kept:
            kept.append(tell())
        story = copy.copy(kept[0])
        story._ends = dict(story._ends)
        return story

    return again


@told_once
def fresh() -> Story:
    """One host, two workers of the configuration, nothing ever started."""
    story = Story().host("here", cores=2, memory_used=3 * GIB, memory_total=23 * GIB, disk=0.22)
    return story.plan("attention", "here", NOW - 40).plan("pretrained", "here", NOW - 40)


@told_once
def racing() -> Story:
    """The shipped race on this machine: one trains, the other makes its features."""
    story = fresh()
    story.worker("attention", "here", "training", race=RACE, rows=curve(15), log=LOG, events=EVENTS, **TRAINING)
    making = {"what": "making 1,600 clips", "done": 720, "total": 1600, "eta_s": 12.0}
    return story.worker("pretrained", "here", "preparing", race=RACE, progress=making, began=20)


@told_once
def won() -> Story:
    """The race is over."""
    story = fresh()
    ended = {**TRAINING, "metrics": {"loss": 0.1, "val_accuracy": 0.912, "attention_ratio": 1.74, "consistency": 0.81}}
    ended |= {
        "stopping": criteria(0.912, 1.74, 0.81),
        "figures": ["figures/race.png"],
        "reason": "all 3 criteria met at epoch 20",
    }
    story.worker(
        "attention", "here", "criteria met", age=30, race=RACE, rows=curve(15), log=LOG, exit={"code": 0}, **ended
    )
    lost = {**VALIDATING, "reason": "attention met all criteria first"}
    story.worker("pretrained", "here", "lost the race", age=29, race=RACE, rows=curve(12), exit={"code": 0}, **lost)
    marker = {"schema": 1, "run": run_of("attention"), "worker": "attention", "time": NOW - 30}
    return story.tell("here", Document(f"races/{RACE}", "winner.json", json.dumps(marker)))


@told_once
def busy() -> Story:
    """Three hosts and a worker in nearly every state."""
    story = (
        Story().host("gpu1", gpus=A10G, cores=32).host("gpu2", gpus=H100, cores=128, disk=0.97, memory_total=1024 * GIB)
    )
    story.host("here", cores=2, cpu=0.88, memory_used=3 * GIB, memory_total=23 * GIB, disk=0.22)
    for name, host in (("attention", "gpu1"), ("pretrained", "gpu1"), ("slowfast", "gpu2"), ("magvit", "gpu1")):
        story.plan(name, host, NOW - 40_000)
    for name, host in (
        ("transformer", "gpu2"),
        ("i3d", "gpu1"),
        ("eegnex", "gpu2"),
        ("imagenet", "gpu2"),
        ("foreign", "here"),
    ):
        story.plan(name, host, NOW - 32_400)
    story.worker("attention", "gpu1", "training", race=RACE, rows=curve(15), log=LOG, events=EVENTS, **TRAINING)
    story.worker("pretrained", "gpu1", "validating", race=RACE, rows=curve(12), **VALIDATING)
    story.worker("slowfast", "gpu2", "queued", message="waits for 2 GPUs, 1 free")
    broken = 'Traceback (most recent call last):\n  File "train.py", line 12, in <module>\n'
    broken += "ModuleNotFoundError: No module named 'unified_model'\n"
    story.worker("magvit", "gpu1", "", exit={"code": 1}, log=broken, alive=False, age=300)
    story.worker(
        "i3d",
        "gpu1",
        "finished",
        age=4000,
        exit={"code": 0},
        epoch=10,
        epochs=10,
        metrics={"loss": 0.021, "val_accuracy": 0.994},
    )
    story.worker(
        "eegnex",
        "gpu2",
        "training",
        epoch=31,
        epochs=100,
        metrics={"loss": 0.871, "nrmse": 0.96},
        eta_s=9_000,
        began=5000,
    )
    story.worker(
        "imagenet", "gpu2", "training", exit={"signal": 9, "code": 137}, alive=False, age=50, epoch=2, epochs=10
    )
    story.worker("foreign", "here", "training", age=640, step=1200, metrics={"loss": 2.31}, step_time_s=0.2, began=9000)
    story.tell("gpu2", LinkState("unreachable", "connection timed out"), at=NOW - 40)
    silent = replace(story.fleet.hosts["gpu2"], heard_at=NOW - 41)
    story.fleet = replace(story.fleet, hosts={**story.fleet.hosts, "gpu2": silent})
    return story


@told_once
def filling() -> Story:
    """A disk that fills on one host, a hot GPU beside one that is split on another, a clock that is off on a third."""
    story = Story().host("gpu1", gpus=A10G, cores=32, disk=0.90)
    total = 400 * GIB
    for minute in range(1, 31):
        used = int(total * 0.90) + minute * 32 * 2**20 // 10
        disk = Disk("/", "/dev/nvme0n1p1", "ext4", total, used, total - used)
        figures = story.fleet.hosts["gpu1"].telemetry
        assert figures is not None
        story.tell("gpu1", replace(figures, mono=7.0 + 60 * minute, disks=(disk,)))
    hot = replace(H100[0], temperature=92.0, slowed_by=("heat",))
    parts = tuple(
        replace(H100[1], instance=slot, utilisation=None, memory_used=GIB, temperature=None, power=None)
        for slot in (0, 1)
    )
    story.host("gpu2", gpus=(hot, H100[1], *parts), cores=128)
    story.host("here", cores=2, disk=0.22)
    late = story.fleet.hosts["here"].telemetry
    assert late is not None
    for _ in range(5):
        story.tell("here", replace(late, time=story.now - 75.0))
    return story.plan("attention", "gpu1", NOW - 40).plan("pretrained", "gpu2", NOW - 40)


@told_once
def crowded() -> Story:
    """One host with everything that a host can have: GPUs with processes of all kinds, findings, caches."""
    story = busy()
    mine = GpuProcess(103, 12 * GIB, "me", "python -m trainer run")
    other = GpuProcess(9923, 900 * 2**20, "alma", "python notebook.py")
    own = GpuProcess(8000, 2**30, "me", "python scratch.py")
    gpus = (
        replace(A10G[0], processes=(mine,), clock=1710.0, memory_clock=6251.0, power_limit=300.0),
        replace(A10G[1], processes=(other, own), temperature=91.0, slowed_by=("heat",), clock=840.0, power_limit=300.0),
        replace(A10G[2], instance=None, name="NVIDIA A100-SXM4-40GB"),
        replace(A10G[2], instance=1, name="NVIDIA A100-SXM4-40GB MIG 1g.5gb", utilisation=None, memory_used=GIB),
        replace(A10G[3], error="GPU is lost", utilisation=None, memory_used=None),
    )
    story.host("gpu1", gpus=gpus, cores=32, disk=0.97)
    blocks = (
        Block("nvme0n1", "/dev/nvme0n1", "disk", 606 * GIB, table="gpt"),
        Block(
            "nvme0n1p1",
            "/dev/nvme0n1p1",
            "partition",
            400 * GIB,
            start=2**20,
            number=1,
            below=("nvme0n1",),
            mount="/",
            filesystem="ext4",
            filesystem_size=394 * GIB,
        ),
    )
    caches = (
        Cache("pip", "/home/me/.cache/pip", 31 * GIB // 10, True, "python3 -m pip cache purge"),
        Cache("torch hub", "/home/me/.cache/torch/hub", GIB, False, "rm -rf -- /home/me/.cache/torch/hub"),
    )
    return story.tell("gpu1", Facts(blocks, caches))


def large(hosts: int = 100, workers: int = 400) -> Story:
    """Many hosts of eight GPUs, six of which need a look, and many workers."""
    story = Story()
    for number in range(hosts):
        story.host(f"gpu{number:03d}", gpus=H100, cores=128, disk=0.985 if number % 20 == 7 else 0.4)
    story.tell("gpu003", LinkState("unreachable", "connection timed out"), at=story.now - 40)
    for number in range(workers):
        name, host = f"w{number:03d}", f"gpu{number % hosts:03d}"
        if number % 50 == 49:
            story.plan(name, host, story.now - 32_400)
        elif number % 50 == 24:
            story.worker(name, host, "", exit={"code": 1}, alive=False, age=300)
        else:
            story.worker(name, host, "training", **{**TRAINING, "epoch": number % 50, "eta_s": 60.0 * number})
    return story


class FakeSource:
    """Hands in a fleet; `becomes` tells the listeners as the pump would."""

    def __init__(self, fleet: Fleet, races: Mapping[str, tuple[str, ...]] = RACES, *, readonly: bool = False) -> None:
        self.fleet = fleet
        self.readonly = readonly
        self.started = self.stopped = False
        self.log_files: dict[RunKey, Path] = {}
        self._races = dict(races)
        self._listeners: list[Callable[[], None]] = []

    def races(self) -> dict[str, tuple[str, ...]]:
        return self._races

    def log_file(self, run: RunKey) -> Path | None:
        return self.log_files.get(run)

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def becomes(self, fleet: Fleet) -> None:
        self.fleet = fleet
        for callback in self._listeners:
            contextvars.Context().run(callback)  # the pump calls from outside of the app's own context

    async def start(self) -> None:
        self.started = True

    async def stop(self) -> None:
        self.stopped = True


FOUND = (
    Found("host gpu1", "reach", True, "connected as me in 0.2 s"),
    Found("host gpu1", "volume", True, "/ could be 206.0 GiB larger", "sudo growpart /dev/nvme0n1 1", warn=True),
    Found("host gpu1", "tmux", False, "no tmux", "sudo apt-get install tmux"),
)
FOREIGN = (
    Foreign(4711, session="night-run", socket="/tmp/tmux-1000/default"),
    Foreign(4712, command="python train.py --lr 0.1", used_s=4000.0, age_s=5000.0),
)


class FakeActions:
    """Remembers what was asked for. `script` gives the steps; it may block on an event, as the real ones do."""

    def __init__(self, script: Callable[[str, tuple[str, ...]], Iterator[Step]] | None = None) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._script = script or done
        self.file = b"no picture"  # what is fetched of any run

    def _do(self, name: str, workers: tuple[str, ...]) -> Iterator[Step]:
        self.asked.append((name, workers))
        yield from self._script(name, workers)

    def start(self, workers: tuple[str, ...], *, check: bool = True, trial: bool = False) -> Iterator[Step]:
        return self._do("start after a trial" if trial else "start", workers)

    def ladder(self, run: RunKey) -> tuple[Rung, ...]:
        return LADDER

    def stop(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._do("stop", tuple(map(str, runs)))

    def kill(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._do("kill", tuple(map(str, runs)))

    def resume(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return self._do("resume", tuple(map(str, runs)))

    def pull(self, runs: tuple[RunKey, ...], options: PullOptions | None = None) -> Iterator[Step]:
        self.options = options
        return self._do("pull", tuple(map(str, runs)))

    def race(self, name: str, *, check: bool = True) -> Iterator[Step]:
        return self._do("race", (name,))

    def fetch(self, run: RunKey, path: str, limit: int, told: Callable[[int], None]) -> bytes:
        self.asked.append(("fetch", (str(run), path)))
        told(len(self.file))
        return self.file

    def attach_argv(self, run: RunKey) -> list[str]:
        self.asked.append(("attach", (str(run),)))
        return ["true"]

    def test_alerts(self, names: Sequence[str]) -> Iterator[Step]:
        return self._do("test alerts", tuple(names))

    def deploy(self, workers: Sequence[str]) -> Iterator[Step]:
        return self._do("deploy", tuple(workers))

    def empty(self, host: str, cache: Cache) -> Iterator[Step]:
        return self._do("empty", (host, cache.name))

    def adopt(self, wish: Wish) -> Iterator[Step]:
        return self._do("adopt", (wish.host, wish.worker, wish.session or str(wish.pid)))

    def examine(self, host: str) -> Iterator[Found]:
        self.asked.append(("examine", (host,)))
        yield from FOUND

    def foreign(self, host: str) -> tuple[Foreign, ...]:
        return FOREIGN

    def round_trip(self, host: str) -> float:
        return 0.042


class ToldDoor:
    """Shows the keys that it was given, in turn; remembers what was trusted and who was knocked at."""

    def __init__(self, *keys: str | Exception) -> None:
        self.questions = Questions()
        self.keys = list(keys)
        self.trusted: list[str] = []
        self.knocked: list[str] = []

    def key_of(self, host: str) -> HostKey | None:
        if not self.keys:
            return None
        if isinstance(self.keys[0], Exception):
            raise self.keys[0]
        return HostKey(host, host, "ssh-ed25519", self.keys[0])

    def trust(self, key: HostKey) -> str:
        self.trusted.append(key.fingerprint)
        del self.keys[0]
        return "~/.ssh/known_hosts"

    def knock(self, host: str) -> None:
        self.knocked.append(host)


def done(name: str, workers: tuple[str, ...]) -> Iterator[Step]:
    for worker in workers:
        yield Step(worker, "at work")
        yield Step(worker, "gone, verified" if name in ("stop", "kill") else "started", ok=True)
