"""A recorded session as a source of the screen, with a clock that can be stopped, turned back and hurried."""

import asyncio
import contextlib
import gzip
import json
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console.fleet.fold import fold, plan
from console.fleet.model import Fleet, Host, Planned, RunKey
from console.recording import SCHEMA
from console.recording.lines import decode
from remote.events import Event
from trainer.schema import ConfigError, Problem

TICK_S = 0.1
KEEP_EVERY = 100  # batches between two fleets that are kept, for turning back


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    host: str = ""
    events: tuple[Event, ...] = ()
    when: float = 0.0
    hosts: tuple[str, ...] = ()
    planned: tuple[Planned, ...] | None = None
    races: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Player:
    """See `console.source.Source`. `clock` is the time of the recording."""

    readonly = True

    def __init__(self, path: Path, *, speed: float = 1.0) -> None:
        self._moments = _read(path)
        self._times = [moment.at for moment in self._moments]
        self.begin, self.end = self._times[0], self._times[-1]
        self.speed, self.paused = speed, False
        self._now = self.begin
        self._next = 0
        self._fleet, self._races = Fleet(), dict[str, tuple[str, ...]]()
        self._kept: list[tuple[Fleet, dict[str, tuple[str, ...]]]] = [(self._fleet, self._races)]
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self.seek(self.begin)

    @property
    def fleet(self) -> Fleet:
        return self._fleet

    def clock(self) -> float:
        return self._now

    def races(self) -> dict[str, tuple[str, ...]]:
        return self._races

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def log_file(self, run: RunKey) -> None:
        """No file holds what is shown: its lines come one by one."""

    def seek(self, moment: float) -> None:
        """Be at this time of the recording."""
        self._now = max(self.begin, min(moment, self.end))
        wanted, version = bisect_right(self._times, self._now), self._fleet.version
        if wanted < self._next:
            place = wanted // KEEP_EVERY
            self._next = place * KEEP_EVERY
            self._fleet, self._races = self._kept[place]
        while self._next < wanted:
            self._step(self._moments[self._next])
            self._next += 1
            if self._next % KEEP_EVERY == 0 and self._next // KEEP_EVERY == len(self._kept):
                self._kept.append((self._fleet, self._races))
        self._fleet = replace(self._fleet, version=max(version, self._fleet.version) + 1)
        for listener in tuple(self._listeners):
            listener()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            if not self.paused and self._now < self.end:
                self.seek(self._now + (now - before) * self.speed)
            before = now

    def _step(self, moment: _Moment) -> None:
        if moment.planned is not None:
            hosts = {name: self._fleet.hosts.get(name) or Host(name, link_since=moment.at) for name in moment.hosts}
            runs = {key: run for key, run in self._fleet.runs.items() if key.host in hosts}
            self._fleet = plan(replace(self._fleet, hosts=hosts, runs=runs), moment.planned)
            self._races = dict(moment.races)
        else:
            self._fleet = fold(self._fleet, moment.host, moment.events, moment.when)


def _read(path: Path) -> list[_Moment]:
    """All of it; a torn end, as a killed console leaves it, is where it ends."""
    rows = _rows(path)
    head = next(rows, None)
    if head is None or head.get("k") != "trajconsole":
        raise ConfigError([Problem(str(path), None, "", "is no recording", "make one: trajconsole --record FILE")])
    if head.get("schema") != SCHEMA:
        what = f"is a recording of schema {head.get('schema')!r}; this console reads {SCHEMA}"
        raise ConfigError([Problem(str(path), None, "", what, "use the trajconsole that made it")])
    try:
        begin = float(head.get("time", 0))
        moments = [_Moment(begin, planned=())]
        for row in rows:
            moment = _moment(row)
            if moment is not None:  # the clock may have been set back meanwhile
                moments.append(replace(moment, at=max(moment.at, moments[-1].at)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError([Problem(str(path), None, "", f"is damaged: {error}")]) from None
    if len(moments) > 1:
        moments[0] = replace(moments[0], at=moments[1].at)  # it begins with what was known at once
    return moments


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    return
                value = json.loads(line)
                if isinstance(value, dict):
                    yield value
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return
    except (OSError, ValueError) as error:
        raise ConfigError([Problem(str(path), None, "", f"cannot be read: {error}")]) from None


def _moment(row: dict[str, Any]) -> _Moment | None:
    if row.get("k") == "plan":
        races = tuple((str(name), tuple(map(str, names))) for name, names in row["races"].items())
        planned = tuple(Planned(str(worker), str(host), float(since)) for worker, host, since in row["planned"])
        return _Moment(float(row["at"]), hosts=tuple(map(str, row["hosts"])), planned=planned, races=races)
    if row.get("k") == "batch":
        events = tuple(event for item in row["events"] if (event := decode(item)) is not None)
        return _Moment(float(row["at"]), str(row["host"]), events, float(row["t"]))
    return None
