"""Evidence in a few words: runs built through the fold, as a link would deliver them."""

import json
from collections.abc import Mapping
from typing import Any

from console.fleet.fold import fold
from console.fleet.model import Fleet, RunKey
from console.fleet.state import state_of
from remote.events import Chunk, Document, Event, Hello, LinkState, Process, Synced, Telemetry

NOW = 1_000_000.0
RUN = "attention-20260101-120000-0a0b"


class Evidence:
    """A fleet with one host and one run, told piece by piece."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.now = NOW
        self.tell(LinkState("connected"), hello(), telemetry(NOW), Synced())

    def tell(self, *events: Event, host: str = "here") -> "Evidence":
        self.fleet = fold(self.fleet, host, events, self.now)
        return self

    def launch(self, *, attempt: int = 1, time: float = NOW - 100, pid: int = 41) -> "Evidence":
        value = {"attempt": attempt, "pid": pid, "pid_start": 1, "time": time, "boot_id": "b"}
        return self.tell(document("launch.json", value), Process(f"runs/{RUN}", "launch.json", pid, alive=True))

    def status(self, state: str, **more: Any) -> "Evidence":
        value = {"state": state, "worker": "attention", "heartbeat": NOW - 1, "progress_at": NOW - 1, "pid": 42, **more}
        return self.tell(document("status.json", value))

    def process(self, alive: bool, *, launch: bool | None = None) -> "Evidence":
        return self.tell(
            Process(f"runs/{RUN}", "status.json", 42, alive),
            Process(f"runs/{RUN}", "launch.json", 41, alive if launch is None else launch),
        )

    def exit(self, *, attempt: int = 1, **more: Any) -> "Evidence":
        return self.tell(document("exit.json", {"attempt": attempt, "time": NOW - 1, **more}))

    def log(self, text: str) -> "Evidence":
        start = self.run.log.end if self.key in self.fleet.runs else 0
        return self.tell(Chunk(f"runs/{RUN}", "train.log", 7, start, text.encode()))

    def rows(self, *rows: Mapping[str, Any]) -> "Evidence":
        data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        return self.tell(Chunk(f"runs/{RUN}", "metrics.jsonl", 8, 0, data))

    key = RunKey("here", RUN)

    @property
    def run(self):
        return self.fleet.runs[self.key]

    def state(self):
        return state_of(self.run, self.fleet.hosts["here"], self.now)


def hello(boot_time: float = NOW - 50_000, boot_id: str = "b") -> Hello:
    return Hello(1, "box", boot_id, boot_time, NOW, "3.11", 2, "me", "/data/root")


def telemetry(time: float, **more: Any) -> Telemetry:
    values = {"cpu": 0.5, "load": 1.0, "memory_used": 4 * 2**30, "memory_total": 16 * 2**30, **more}
    return Telemetry(seq=1, time=time, mono=1.0, **values)


def document(name: str, value: Any, run: str = RUN) -> Document:
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    return Document(f"runs/{run}", name, text)
