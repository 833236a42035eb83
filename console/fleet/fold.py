"""(fleet, what a link said) → fleet. Pure: the time is an argument, and every message has its answer."""

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from console.fleet import decoding
from console.fleet.beats import WATCHES, Beat
from console.fleet.beats import read as read_beat
from console.fleet.decoding import decode
from console.fleet.fill import Fill, noted
from console.fleet.model import Fleet, Host, Log, Planned, Run, RunKey
from console.fleet.rows import Earlier, Rows
from console.fleet.series import Shared
from console.fleet.volumes import unexpanded
from console.plain import plain
from remote.events import (
    Chunk,
    Document,
    Event,
    Facts,
    FolderGone,
    Hello,
    LinkState,
    Process,
    Synced,
    Telemetry,
)
from trainer.record import files
from trainer.record.jsonl import decode_lines
from trainer.record.race import Winner

LOG_LINES = 5000  # kept of each run's log; the whole of it is in the mirror
SKEWS = 5  # figures that the clocks are compared over
_LOST = ("stale", "unreachable")
RUNS, RACES = "runs", "races"
Kept = Document | Chunk | FolderGone  # what can be known from before
Recalled = tuple[Event, float, Callable[[], bytes] | None]  # its time; what reads the part of a stream before it


def fold(fleet: Fleet, host: str, events: Iterable[Event], now: float) -> Fleet:
    """The fleet after these events of a host. One call per batch: the maps are copied once."""
    value = fleet.hosts.get(host) or Host(host, link_since=now)
    changed: dict[RunKey, Run] = {}
    marks, watches, news = dict(fleet.marks), fleet.watches, False
    for event in events:
        match event:
            case LinkState() | Hello() | Telemetry() | Facts() | Synced():
                value = fold_host(value, event, now)
                news = news or not isinstance(event, Telemetry)
            case _:
                area, _slash, name = event.folder.partition("/")
                if area == RUNS and name:
                    key = RunKey(host, name)
                    before = changed.get(key) or fleet.runs.get(key) or Run(key, seen=now, heard_at=now)
                    changed[key] = _folded(before, event)
                    news = news or _is_news(before, changed[key], event)
                elif area == RACES and isinstance(event, Document) and event.name == files.WINNER:
                    news = True
                    _fold_mark(marks, (host, name), event)
                elif area == WATCHES and isinstance(event, Document | FolderGone):
                    watches = _with_beat(watches, (host, name), event)
    news = news or watches.keys() != fleet.watches.keys()
    heard = {key: replace(run, heard_at=now) for key, run in changed.items()}
    return replace(
        with_marks(fleet, marks),
        hosts={**fleet.hosts, host: value},
        runs={**fleet.runs, **heard} if heard else fleet.runs,
        watches=watches,
        version=fleet.version + 1,
        news=fleet.news + news,
    )


def _is_news(before: Run, after: Run, event: Event) -> bool:
    """Not when only the figures moved that move all the time: a heartbeat, a step, a process's memory. Nor is a line of
    a log or a row of metrics, which only whoever looks at that run can see."""
    if isinstance(event, Chunk):
        return False
    if isinstance(event, Process):
        known = before.processes.get(event.document)
        return known is None or known.alive != event.alive or known.buffered != event.buffered
    old, new = before.status, after.status
    if not isinstance(event, Document) or event.name != files.STATUS or old is None or new is None:
        return True
    return (old.state, old.epoch, old.message, old.metrics) != (new.state, new.epoch, new.message, new.metrics)


def recall(fleet: Fleet, host: str, told: Iterable[Recalled]) -> Fleet:
    """The fleet with what is known from before of a host: each event with its own time, and what was left in a file."""
    runs, marks = dict(fleet.runs), dict(fleet.marks)
    for event, now, before in told:
        area, _slash, name = event.folder.partition("/") if isinstance(event, Kept) else ("", "", "")
        if area == RUNS and isinstance(event, Kept):
            key = RunKey(host, name)
            run = runs.get(key) or Run(key, seen=now, heard_at=now)
            if before is not None and isinstance(event, Chunk) and event.name == files.METRICS:
                run = replace(run, rows=Rows(earlier=Earlier(functools.partial(_rows_of, before))))
            runs[key] = fold_run(run, event, now)
        elif area == RACES and isinstance(event, Document) and event.name == files.WINNER:
            _fold_mark(marks, (host, name), event)
    return replace(with_marks(fleet, marks), runs=runs, version=fleet.version + 1, news=fleet.news + 1)


def _rows_of(read: Callable[[], bytes]) -> list[dict[str, Any]]:
    return decode(read())[0]


def plan(fleet: Fleet, planned: Iterable[Planned]) -> Fleet:
    """The fleet with these workers of the configuration, and no others."""
    return replace(fleet, planned={item.worker: item for item in planned}, version=fleet.version + 1)


def fold_host(host: Host, event: LinkState | Hello | Telemetry | Facts | Synced, now: float) -> Host:
    match event:
        case LinkState():
            since = host.link_since if event.phase == host.link.phase else now
            synced = host.synced and event.phase in ("connected", "stale")
            lost = event.phase in _LOST or (event.phase == "connecting" and host.lost)
            return replace(host, link=event, link_since=since, lost=lost, synced=synced)
        case Hello():
            known = host.hello is not None and host.hello.boot_id and event.boot_id
            again = bool(known and host.hello and host.hello.boot_id != event.boot_id)
            return replace(host, hello=event, rebooted=host.rebooted or again)
        case Telemetry():
            return _fold_telemetry(host, event, now)
        case Facts():
            caches = event.caches if event.whole or host.facts is None else host.facts.caches
            return replace(host, facts=replace(event, caches=caches), volumes=unexpanded(event.blocks))
        case Synced():
            return replace(host, synced=True)


def _fold_telemetry(host: Host, event: Telemetry, now: float) -> Host:
    fills = {
        disk.mount: noted(host.fills.get(disk.mount, Fill()), event.mono, disk.used, disk.total) for disk in event.disks
    }
    skews = (*host.skews, event.time - now)[-SKEWS:]
    return replace(host, telemetry=event, heard_at=now, fills=fills, skews=skews)


def fold_run(run: Run, event: Document | Chunk | Process | FolderGone, now: float) -> Run:
    return replace(_folded(run, event), heard_at=now)


def _folded(run: Run, event: Document | Chunk | Process | FolderGone) -> Run:
    match event:
        case Document():
            return _fold_document(run, event)
        case Chunk():
            return _fold_chunk(run, event)
        case Process():
            return replace(run, processes={**run.processes, event.document: event})
        case FolderGone():
            return replace(run, gone=True)


def _fold_document(run: Run, event: Document) -> Run:
    if run.gone:
        run = replace(run, gone=False)
    if event.problem:  # it is there, and could not be read: the last one that could be stays
        return run
    if event.name == files.RUN:
        return replace(run, config=_toml(event.text))
    if event.name not in (files.STATUS, files.LAUNCH, files.EXIT, files.RESULTS):
        return run
    value: dict[str, Any] | None = None
    if event.text is not None:
        value = decoding.document(event.text)
        if value is None:  # a torn write of somebody who does not replace atomically: the next one will be whole
            return replace(run, damaged_lines=run.damaged_lines + 1)
    if event.name == files.STATUS:
        return replace(run, status=None if value is None else decoding.status(value))
    if event.name == files.LAUNCH:
        return replace(run, launch=value)
    if event.name == files.EXIT:
        return replace(run, exit=value)
    return replace(run, results=value)


def _fold_chunk(run: Run, event: Chunk) -> Run:
    if event.name == files.LOG:
        return replace(run, log=_fold_log(Log() if event.reset else run.log, event))
    if event.name not in (files.METRICS, files.EVENTS):
        return run
    rows, damaged = decode(event.data) if event.name == files.METRICS else decode_lines(event.data)
    if damaged:
        run = replace(run, damaged_lines=run.damaged_lines + damaged)
    if event.name == files.EVENTS:
        return replace(run, events=(Shared() if event.reset else run.events).extended(rows))
    return replace(run, rows=(Rows() if event.reset else run.rows).extended(rows))


def log_lines(data: bytes) -> list[str]:
    """The lines in `data`, harmless to draw; a last one without its newline counts as one."""
    lines = data.decode("utf-8", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    return [plain(line) for line in lines]


def _fold_log(log: Log, event: Chunk) -> Log:
    lines = log.lines.extended(log_lines(event.data))
    first = max(log.first, 1) if event.start > log.end else log.first  # how many lines lie before is not known
    if len(lines) > 2 * LOG_LINES:  # cut rarely: each line is copied once on average
        first += len(lines) - LOG_LINES
        lines = Shared(lines[-LOG_LINES:])
    return Log(lines, first, event.start + len(event.data))


def _fold_mark(marks: dict[tuple[str, str], Winner], key: tuple[str, str], event: Document) -> None:
    if event.text is None:
        marks.pop(key, None)
        return
    data = decoding.document(event.text)
    if data is not None and isinstance(data.get("run"), str):
        when = data.get("time")
        number = float(when) if isinstance(when, int | float) else 0.0
        marks[key] = Winner(data["run"], str(data.get("worker", "")), number)


def _with_beat(
    watches: Mapping[tuple[str, str], Beat], key: tuple[str, str], event: Document | FolderGone
) -> Mapping[tuple[str, str], Beat]:
    if isinstance(event, FolderGone) or event.text is None:
        return {other: beat for other, beat in watches.items() if other != key}
    beat = read_beat(event.text)
    return watches if beat is None else {**watches, key: beat}


def with_marks(fleet: Fleet, marks: Mapping[tuple[str, str], Winner]) -> Fleet:
    """The fleet with these winners' marks, by host and race. Where hosts disagree the earliest has won, by what stands
    in the marks: everybody, whenever and wherever they look, decides the same."""
    if marks == fleet.marks:
        return fleet
    gone = {race for _host, race in fleet.marks.keys() - marks.keys()}
    found = {race: winner for race, winner in fleet.winners.items() if race not in gone}
    for race in {race for _host, race in marks}:
        found[race] = min((item for (_, name), item in marks.items() if name == race), key=lambda it: (it.time, it.run))
    return replace(fleet, marks=dict(marks), winners=found)


def _toml(text: str | None) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
