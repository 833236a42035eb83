"""What a report tells: the rows that the screen shows, and the curves of the runs behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from console.fleet.cells import Advice, HostRow, RaceView, WorkerRow
from console.fleet.model import Fleet
from console.fleet.points import Curve, metric_names, points, thinned
from console.fleet.view import host_rows, race_views, worker_rows
from console.plain import plain
from trainer.record.status import Criterion

_CHARTS = 12
_BINS = 300  # a curve's points in a picture


@dataclass(frozen=True, slots=True)
class Chart:
    """One metric of several workers."""

    metric: str
    curves: tuple[tuple[str, Curve], ...]  # of each worker, by epoch or step
    axis: str
    criterion: Criterion | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that is told, at one time."""

    now: float
    hosts: tuple[HostRow, ...] = ()
    workers: tuple[WorkerRow, ...] = ()
    races: tuple[RaceView, ...] = ()
    charts: tuple[Chart, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def metrics(self) -> tuple[str, ...]:
        """Columns of the table: what criteria are about first, then what else workers validate."""
        judged = [item.metric for row in self.workers for item in row.criteria]
        validated = [name for row in self.workers for name, _ in row.metrics if name.startswith("val_")]
        return tuple(dict.fromkeys([*judged, *validated]))[:6]

    @property
    def findings(self) -> tuple[tuple[str, Advice], ...]:
        """What a person should know, the worst first."""
        found = [(row.worker, item) for row in self.workers for item in row.advice if item.level != "note"]
        found += [(row.name, item) for row in self.hosts for item in row.advice if item.level != "note"]
        return tuple(sorted(found, key=lambda pair: pair[1].level != "error"))


def gather(
    fleet: Fleet,
    races: Mapping[str, Sequence[str]],
    now: float,
    *,
    only: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> Contents:
    """The report's contents. `only`: of these workers."""
    workers = tuple(row for row in worker_rows(fleet, now) if not only or row.worker in only)
    shown = {row.worker for row in workers}
    views = tuple(
        view for view in race_views(fleet, races, now) if {item.row.worker for item in view.standings} & shown
    )
    return Contents(now, host_rows(fleet, now), workers, views, charts(fleet, workers), tuple(problems))


def charts(fleet: Fleet, workers: Sequence[WorkerRow]) -> tuple[Chart, ...]:
    """A chart for each metric: judged ones first, then what was validated, then losses, then the rest."""
    criteria = {item.metric: item for row in workers for item in row.criteria}
    curves: dict[str, list[tuple[str, Curve]]] = {}
    for row in workers:
        run = fleet.runs.get(row.key) if row.key is not None else None
        for name in metric_names(run) if run is not None else ():
            assert run is not None
            curves.setdefault(name, []).append((row.worker, points(run, name, "epoch" if name in criteria else "step")))
    names = sorted(
        curves, key=lambda name: (name not in criteria, not name.startswith("val_"), "loss" not in name, name)
    )
    made = []
    for name in names[:_CHARTS]:
        thin = tuple((plain(worker), thinned(*curve, _BINS)) for worker, curve in curves[name])
        made.append(Chart(name, thin, "epoch" if name in criteria else "step", criteria.get(name)))
    return tuple(made)
