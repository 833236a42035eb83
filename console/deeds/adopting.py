"""Runs that were started elsewhere, in tmux or with nohup: seen here from now on, and never touched."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.fleet.model import Run
from console.hosts import Hosts
from console.source import Step
from remote import adoption
from remote.errors import CommandFailed
from remote.transport import Transport
from trainer.record import toml

REFUSED = "was adopted: it is only looked at"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to adopt, and under which name. Either `pid` or `session`."""

    host: str
    worker: str
    pid: int | None = None
    session: str = ""
    log: str = ""
    metrics: str = ""


def name_for(session: str, pid: int | None) -> str:
    """A worker's name for it, when the person gives none."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", session).strip("-_")[:40] or f"pid-{pid}"


def adopt(hosts: Hosts, wish: Wish, run: str, origin: Mapping[str, Any]) -> Iterator[Step]:
    """Look at it, then write its run directory."""
    transport = hosts.transport(wish.host)
    seen = adoption.look(transport, pid=wish.pid, session=wish.session)
    if wish.log:
        seen = adoption.with_log(seen, wish.log)
    what = f"session {seen.session}" if seen.session else f"process {seen.pid}"
    command = {"argv": list(seen.argv), "folder": seen.folder}
    table = {"command": command, "origin": {**origin, "adopted": what, "socket": seen.socket}}
    name, before = adoption.adopt(
        transport, hosts.root(wish.host), run, seen, toml.dumps(table).encode(), metrics=wish.metrics
    )
    if before:
        yield Step(wish.worker, f"{what} on {wish.host} is adopted already: {name}", ok=True)
        return
    log = f"its log is {seen.log}" if seen.log else "what it prints goes to no file: attach shows it"
    yield Step(wish.worker, f"adopted {what} on {wish.host}: {name}; {log}", ok=True)


def attach_argv(run: Run, transport: Transport) -> list[str]:
    """Only a session can be shown."""
    kind, _, name = run.adopted.partition(" ")
    if kind != "session":
        raise CommandFailed(f"{run.worker} is {run.adopted} and has no terminal to show", "its log: press l")
    return adoption.attach_argv(transport, str(run.config["origin"].get("socket", "")), name)


def by_hand(run: Run) -> str:
    """How a person can end it."""
    pid = run.launch.get("pid") if run.launch is not None else None
    return f"end it where it was started, or on {run.key.host}: kill {pid}" if pid else ""
