"""Races across hosts: a rival sees only its own host's folder of the race, so whoever watches carries the winner's mark
over. Every console and every watch does; writing the same mark twice changes nothing.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from console.fleet.model import Fleet
from console.hosts import Hosts
from remote.errors import RemoteError
from trainer.record import files
from trainer.record.jsonl import encode
from trainer.record.race import Winner

AGAIN_S = 5.0
# A mark appears as a whole, and one that is there gives way only to an earlier winner, which is who calls this.
_CARRY = (
    'mkdir -p "$1" && cat >"$1/.winner.$$" && mv -f "$1/.winner.$$" "$1/' + files.WINNER + '" '
    '|| { rm -f "$1/.winner.$$"; exit 1; }'
)


@dataclass(frozen=True, slots=True)
class Carry:
    """A host on which the winner of a race is not known, or another one is taken for it."""

    host: str
    race: str
    winner: Winner


def missing(fleet: Fleet) -> tuple[Carry, ...]:
    """Pure: every host of a race that can be reached, has told all, and lacks the winner's mark."""
    found = []
    for race, winner in fleet.winners.items():
        if not any(name == race for _host, name in fleet.marks):
            continue  # known from memory only: whoever wrote it has not been heard of yet
        for name in sorted({run.key.host for run in fleet.runs.values() if run.race == race and not run.gone}):
            host, mark = fleet.hosts.get(name), fleet.marks.get((name, race))
            if host is not None and host.reachable and host.synced and (mark is None or mark.run != winner.run):
                found.append(Carry(name, race, winner))
    return tuple(found)


class Relay:
    """Carries marks as soon as they are missing, each on a thread of its own."""

    def __init__(self, fleet: Callable[[], Fleet], hosts: Hosts) -> None:
        self._fleet, self._hosts = fleet, hosts
        self._seen: object = None  # the marks of the last look, and the hosts that could be asked then
        self._up: frozenset[str] = frozenset()
        self._tried: dict[tuple[str, str], float] = {}

    def consider(self) -> None:
        """After every change of the fleet; costs next to nothing while nobody has won, and while no mark is missing."""
        fleet = self._fleet()
        now = time.monotonic()
        if not fleet.marks:
            return
        up = frozenset(name for name, host in fleet.hosts.items() if host.reachable and host.synced)
        if fleet.marks is self._seen and up == self._up and not self._tried:
            return
        self._seen, self._up = fleet.marks, up
        needed = missing(fleet)
        self._tried = {(one.host, one.race): self._tried.get((one.host, one.race), -AGAIN_S) for one in needed}
        for one in needed:
            if now - self._tried[one.host, one.race] >= AGAIN_S:
                self._tried[one.host, one.race] = now
                threading.Thread(target=self._carry, args=(one,), name=f"relay {one.host}", daemon=True).start()

    def _carry(self, one: Carry) -> None:
        row = {"schema": files.SCHEMA, "run": one.winner.run, "worker": one.winner.worker, "time": one.winner.time}
        try:
            folder = f"{self._hosts.root(one.host)}/races/{one.race}"
            self._hosts.transport(one.host).run(["sh", "-c", _CARRY, "sh", folder], input=encode(row), timeout=30.0)
        except RemoteError:
            return  # the link's state tells; tried again as long as the mark is missing
