"""Who did what, when and from where: written into run.toml and into a run's own events."""

import getpass
import json
import secrets
import socket
import time
from collections.abc import Mapping
from typing import Any

from console.fleet.model import Run, RunKey
from console.fleet.records import launched
from console.hosts import Hosts
from trainer.record import files


def origin(worker: str, host: str, now: float) -> dict[str, Any]:
    """The table [origin] of a run that begins now."""
    who = {"by": getpass.getuser(), "from": socket.gethostname()}
    return {"worker": worker, "host": host, **who, "time": round(now, 3)}


def instance(name: str, now: float) -> str:
    """The id of a new run of a worker, or of a new race."""
    return f"{name}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(2)}"


def audit(hosts: Hosts, key: RunKey, run: Run | None, event: str, details: Mapping[str, Any] | None = None) -> None:
    """One line in the run's own events: who asked for what, by the host's clock."""
    start = launched(run) if run is not None else None
    row = {"event": event, "by": f"{getpass.getuser()}@{socket.gethostname()}", "attempt": start and start.attempt}
    row |= details or {}
    rest = json.dumps(row)[1:]
    path = f"{hosts.root(key.host)}/runs/{key.run}/{files.EVENTS}"
    script = '[ -d "$(dirname "$1")" ] && printf \'{"t": %s, %s\\n\' "$(date +%s)" "$2" >> "$1"'
    hosts.transport(key.host).run(["sh", "-c", script, "sh", path, rest])
