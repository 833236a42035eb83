"""What a console knew when it was last open, in one small file: the first frame of the next one, before any host
answers and before the mirror has been read.

It holds each host's last words and, of the newest run of each worker, what a row is made of. Nothing depends on it: a
file that is missing or damaged is nothing, and the mirror replaces what it said as soon as it has been read.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.fleet.fold import fold_host, fold_run
from console.fleet.model import Fleet, Host, Log, Planned, Run, RunKey
from console.fleet.rows import Rows
from console.fleet.series import Shared
from console.fleet.view import newest_runs
from remote.events import Facts, Hello, Process, Telemetry
from remote.wire import decode_line
from trainer.record import atomic
from trainer.record.jsonl import jsonable, numbers
from trainer.record.race import Winner
from trainer.record.status import from_json

SCHEMA = 1
ROWS, LINES = 5, 40  # of each run: enough for a trend, and for the end of a log

Object = Mapping[str, Any]


def path_of(state: Path, config: Path) -> Path:
    """Each configuration has its own."""
    name = hashlib.blake2b(str(config.absolute()).encode(), digest_size=6).hexdigest()
    return state / "last" / f"{name}.json"


def write(path: Path, fleet: Fleet) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(jsonable(to_json(fleet)), separators=(",", ":"), ensure_ascii=False)
    atomic.replace(path, text.encode("utf-8", "replace"))


def read(path: Path) -> Fleet:
    """An empty fleet when there is none, or none that can be read."""
    try:
        return from_object(numbers(json.loads(path.read_bytes())))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Fleet()


def to_json(fleet: Fleet) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "hosts": {name: _host(host) for name, host in fleet.hosts.items()},
        "planned": [[item.worker, item.host, item.since] for item in fleet.planned.values()],
        "runs": [_run(run) for run in newest_runs(fleet).values() if not run.gone],
        "winners": {race: [item.run, item.worker, item.time] for race, item in fleet.winners.items()},
    }


def from_object(data: Object) -> Fleet:
    """Whatever is wrong in it is an error: then nothing of it is believed."""
    if data["schema"] != SCHEMA:
        raise ValueError(data["schema"])
    runs = [_run_of(item) for item in data["runs"]]
    planned = [Planned(str(worker), str(host), float(since)) for worker, host, since in data["planned"]]
    return Fleet(
        {str(name): _host_of(str(name), item) for name, item in data["hosts"].items()},
        {run.key: run for run in runs},
        {item.worker: item for item in planned},
        {race: Winner(str(run), str(worker), float(time)) for race, (run, worker, time) in data["winners"].items()},
    )


def _host(host: Host) -> Object:
    said = {"hello": host.hello, "host": host.telemetry, "facts": host.facts}
    words = [{"k": kind, **dataclasses.asdict(item)} for kind, item in said.items() if item is not None]
    return {"heard_at": host.heard_at, "said": words}


def _host_of(name: str, data: Object) -> Host:
    host = Host(name)
    heard = data["heard_at"]
    if heard is None:
        return host
    for word in data["said"]:
        event = decode_line(json.dumps(word).encode())
        if isinstance(event, Hello):
            event = dataclasses.replace(event, boot_id="")  # whether it was started again is for the next word to say
        if isinstance(event, Hello | Telemetry | Facts):
            host = fold_host(host, event, float(heard))
    return dataclasses.replace(host, skews=())


def _run(run: Run) -> Object:
    return {
        "host": run.key.host,
        "run": run.key.run,
        "seen": run.seen,
        "heard_at": run.heard_at,
        "origin": dict(run.origin),
        "status": run.status.to_json() if run.status else None,
        "launch": run.launch,
        "exit": run.exit,
        "processes": [dataclasses.asdict(item) for item in run.processes.values()],
        "rows": run.rows.last(ROWS),
        "log": run.log.lines[-LINES:],
        "log_first": run.log.first + max(0, len(run.log.lines) - LINES),
    }


def _run_of(data: Object) -> Run:
    run = Run(
        RunKey(str(data["host"]), str(data["run"])),
        float(data["seen"]),
        float(data["heard_at"]),
        config={"origin": dict(data["origin"])},
        status=None if data["status"] is None else from_json(data["status"]),
        launch=_table(data["launch"]),
        exit=_table(data["exit"]),
        rows=Rows(data["rows"]),
        log=Log(Shared(map(str, data["log"])), int(data["log_first"])),
    )
    for item in data["processes"]:
        run = fold_run(run, Process(**item), run.heard_at)
    return run


def _table(value: Any) -> Object | None:
    return None if value is None else dict(value)
