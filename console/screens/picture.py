"""One frozen picture of everything that is shown, made once a repaint from the fleet and the time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from console.fleet.cells import HostRow, RaceView, WorkerRow
from console.fleet.memory import RowMemory
from console.fleet.model import Fleet, Run
from console.fleet.view import ANEW, Maker, host_rows, newest_runs, race_views, worker_rows


@dataclass(frozen=True, slots=True)
class Picture:
    """What the screens show."""

    now: float
    fleet: Fleet
    hosts: tuple[HostRow, ...] = ()
    workers: tuple[WorkerRow, ...] = ()
    races: tuple[RaceView, ...] = ()
    guide: str = ""  # what to say while nothing was ever started

    def run(self, row: WorkerRow | None) -> Run | None:
        """The run behind a row."""
        return self.fleet.runs.get(row.key) if row is not None and row.key is not None else None

    def worker(self, identity: tuple[str, str]) -> WorkerRow | None:
        """The row of a worker as it is now."""
        return next((row for row in self.workers if (row.worker, row.host) == identity), None)

    @property
    def untouched(self) -> bool:
        """Nothing was ever started here."""
        return all(row.key is None for row in self.workers)

    @property
    def race(self) -> RaceView | None:
        """The race to speak of: the one that runs, or the newest that ran."""
        begun = [race for race in self.races if race.id]
        running = [race for race in begun if not race.over]
        return max(running or begun, key=lambda race: race.id[len(race.name) :], default=None)


_HOSTS, _RUNS = 10, 25  # rows that are worked out at a time: a millisecond or two


def look(fleet: Fleet, races: Mapping[str, Sequence[str]], now: float, make: Maker = ANEW) -> Picture:
    """The picture of a fleet at a time."""
    hosts, workers = host_rows(fleet, now, make), worker_rows(fleet, now, make)
    return Picture(now, fleet, hosts, workers, race_views(fleet, races, now, make))


class Remembering:
    """A look for one screen: what did not change since the last one is not worked out again."""

    def __init__(self) -> None:
        self._memory = RowMemory()

    def __call__(self, fleet: Fleet, races: Mapping[str, Sequence[str]], now: float) -> Picture:
        return look(fleet, races, now, self._memory)

    def ahead(self, fleet: Fleet, now: float) -> Iterator[None]:
        """Work out what the next look will want, a few rows at a time: between them other things can be done."""
        for count, host in enumerate(fleet.hosts.values()):
            if count % _HOSTS == _HOSTS - 1:
                yield
            self._memory.host(host, now)
        for count, run in enumerate(newest_runs(fleet).values()):
            if count % _RUNS == _RUNS - 1:
                yield
            self._memory.run(fleet, run, now)
