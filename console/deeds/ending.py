"""Stop and kill: up the ladder, until the processes are verified gone."""

from collections.abc import Iterator

from console.fleet.model import RunKey
from console.hosts import Hosts
from console.source import Step
from remote.launcher import Rung, StopStep
from trainer.record import files

_RUNGS = {
    "stop": "asked to save a checkpoint and end",
    "INT": "sent SIGINT",
    "TERM": "sent SIGTERM",
    "KILL": "sent SIGKILL",
}
_SAY = 'printf "%s\\n" "$2" > "$1.part" && mv "$1.part" "$1"'  # whole at once: it is read as soon as it is there


def say_why(hosts: Hosts, key: RunKey, why: str) -> None:
    """Into the stop file, which the run reads; the ladder's first rung finds it there."""
    path = f"{hosts.root(key.host)}/runs/{key.run}/{files.STOP}"
    hosts.transport(key.host).run(["sh", "-c", _SAY, "sh", path, why])


def end(hosts: Hosts, key: RunKey, worker: str, ladder: tuple[Rung, ...]) -> Iterator[Step]:
    """End one run."""
    last: StopStep | None = None
    for last in hosts.launcher(key.host).stop(hosts.root(key.host), key.run, worker, ladder):
        if last.next_in is not None:
            yield Step(worker, _RUNGS.get(last.rung, last.rung), countdown=last.next_in)
    if last is not None and last.gone:
        yield Step(worker, "gone, verified", ok=True)
    else:
        left = ", ".join(map(str, last.left)) if last is not None else ""
        yield Step(worker, f"still there: {left or 'unknown'}", ok=False, mend=f"trajconsole kill {worker}")
