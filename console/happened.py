"""What happened in the whole fleet, newest first: events of every run, and what became of the links. Made from fleets.

Links have no diary of their own: `Diary.look` notes what changed since it was last asked.
"""

import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.fleet.model import Fleet, Host, Run, RunKey

_EACH = 40  # events of one run that are looked at
MOST = 500
_LINKS = 200  # changes of each link that are kept


@dataclass(frozen=True, slots=True, order=True)
class Happened:
    """One thing: when (this laptop's clock), to whom, what, and everything else that is known of it."""

    time: float
    who: str
    what: str
    host: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, compare=False)
    run: RunKey | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A link became this."""

    time: float
    phase: str
    detail: str


class Diary:
    """Remembers links from fleet to fleet, and events from one question to the next."""

    def __init__(self) -> None:
        self._links: dict[str, deque[Change]] = {}
        self._events: dict[RunKey, tuple[int, float, list[Happened]]] = {}
        self._hosts: Mapping[str, Host] = {}
        self._newest: tuple[int, tuple[Happened, ...]] = (-1, ())

    def look(self, fleet: Fleet) -> None:
        """Note what became of the links; cheap when nothing did."""
        if fleet.hosts is self._hosts:
            return
        for name, host in fleet.hosts.items():
            before = self._hosts.get(name)
            if before is None or before.link is not host.link:
                self._note(name, host)
        self._hosts = fleet.hosts

    def links(self, host: str) -> tuple[Change, ...]:
        """The newest first."""
        return tuple(reversed(self._links.get(host, ())))

    def reconnects(self, host: str) -> int:
        """How often the link came back since this console watches it."""
        return max(0, sum(change.phase == "connected" for change in self._links.get(host, ())) - 1)

    def newest(self, fleet: Fleet) -> tuple[Happened, ...]:
        """All that happened, newest first."""
        if self._newest[0] != fleet.version:
            runs = (item for run in fleet.runs.values() for item in self._of(run, fleet))
            links = (
                Happened(change.time, name, change.phase, name, {"": change.detail} if change.detail else {})
                for name, changes in self._links.items()
                for change in changes
                if change.phase != "connecting"
            )
            found = heapq.nlargest(MOST, [*runs, *links])
            self._newest = (fleet.version, tuple(found))
        return self._newest[1]

    def _note(self, name: str, host: Host) -> None:
        kept = self._links.setdefault(name, deque(maxlen=_LINKS))
        phase, detail = host.link.phase, host.link.detail
        if kept and kept[-1].phase == "connecting" and phase == "connecting":
            return
        if kept and (kept[-1].phase, kept[-1].detail) == (phase, detail):
            return
        kept.append(Change(host.link_since, phase, detail))

    def _of(self, run: Run, fleet: Fleet) -> list[Happened]:
        host = fleet.hosts.get(run.key.host)
        shift = round(host.skew, 1) if host else 0.0
        known = self._events.get(run.key)
        if known is not None and known[0] == len(run.events) and abs(known[1] - shift) < 1.0:
            return known[2]
        found = [_event(run, event, shift) for event in run.events[-_EACH:]]
        self._events[run.key] = (len(run.events), shift, found)
        return found


def _event(run: Run, event: Mapping[str, Any], shift: float) -> Happened:
    when = event.get("t")
    moment = float(when) - shift if isinstance(when, int | float) and 0 <= when < 1e11 else 0.0
    return Happened(moment, run.worker, str(event.get("event", "?")), run.key.host, event, run.key)
