"""Watches that run on hosts: each says every few seconds that it lives, in a file below the host's root. Pure.

<root>/watches/<configuration>/watch.json
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.record.jsonl import decode_document

if TYPE_CHECKING:
    from console.fleet.model import Fleet

WATCHES, BEAT = "watches", "watch.json"
EVERY_S = 10.0
STALE_S = 45.0  # without a word for so long it does not watch any more


@dataclass(frozen=True, slots=True)
class Beat:
    """The newest word of a watch. Times are of its host's clock."""

    since: float
    time: float
    pid: int = 0
    every: float = 0.0  # seconds between its syncs

    def to_bytes(self) -> bytes:
        """As it is written."""
        row = {"schema": 1, "since": self.since, "time": self.time, "pid": self.pid, "every": self.every}
        return json.dumps(row).encode()


def read(text: str) -> Beat | None:
    """None when it is no such word."""
    data = decode_document(text.encode("utf-8", "replace"))
    if data is None:
        return None
    since, time = _number(data, "since"), _number(data, "time")
    if since is None or time is None:
        return None
    return Beat(since, time, int(_number(data, "pid") or 0), _number(data, "every") or 0.0)


def watching(fleet: "Fleet", now: float, configuration: str = "") -> tuple[tuple[str, Beat], ...]:
    """Hosts on which a watch lives, with its newest word; `configuration`: only of this one."""
    found = []
    for (name, of), beat in sorted(fleet.watches.items()):
        host = fleet.hosts.get(name)
        there = now + (host.clock_offset if host else 0.0)
        if (not configuration or of == configuration) and there - beat.time < STALE_S:
            found.append((name, beat))
    return tuple(found)


def _number(data: Mapping[str, object], key: str) -> float | None:
    value = data.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
