"""Rows that were made already: one is made again when its run or its host's link changed, or when its time is up.

A repaint asks for the same rows several times (the table, each race), and most of them are what they were.
"""

from console.fleet.cells import HostRow, WorkerRow
from console.fleet.model import Fleet, Host, Planned, Run
from console.fleet.view import Maker

AGED = 60.0  # a state's age is shown to a part in so many


class RowMemory(Maker):
    """Of one screen. A live run's row is as of the second; of what has ended or never began only the age grows."""

    def __init__(self) -> None:
        self._rows: dict[object, tuple[tuple[object, ...], float, WorkerRow]] = {}
        self._hosts: dict[str, tuple[Host, int, HostRow]] = {}

    def run(self, fleet: Fleet, run: Run, now: float) -> WorkerRow:
        return self._row(run.key, fleet, run, run.key.host, now)

    def plan(self, fleet: Fleet, planned: Planned, now: float) -> WorkerRow:
        return self._row((planned.worker, planned.host), fleet, planned, planned.host, now)

    def host(self, host: Host, now: float) -> HostRow:
        known = self._hosts.get(host.name)
        if known is None or known[0] is not host or known[1] != int(now):
            known = self._hosts[host.name] = (host, int(now), super().host(host, now))
        return known[2]

    def _row(self, key: object, fleet: Fleet, of: Run | Planned, name: str, now: float) -> WorkerRow:
        host = fleet.hosts.get(name)
        copy = fleet.pulled.get(of.key) if isinstance(of, Run) else None
        winner = fleet.winners.get(of.race) if isinstance(of, Run) else None
        came_from = (of, host and host.link, host and host.hello, copy, winner)
        known = self._rows.get(key)
        if known is not None and now < known[1] and all(a is b for a, b in zip(known[0], came_from, strict=True)):
            return known[2]
        row = super().run(fleet, of, now) if isinstance(of, Run) else super().plan(fleet, of, now)
        step = 1.0 if row.state.live else max(1.0, (row.state.age or 0.0) / AGED)
        self._rows[key] = (came_from, now + step, row)
        return row
