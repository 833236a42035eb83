"""(fleet, time) → rows. Screen, text and JSON all use these, so that they can never disagree."""

import calendar
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from console.fleet.cells import (
    LIVE,
    STATES,
    Advice,
    DiskCell,
    GpuCell,
    HostRow,
    RaceView,
    Standing,
    State,
    Trend,
    WorkerRow,
)
from console.fleet.fill import full_in
from console.fleet.findings.disks import disk_full_in, disk_of
from console.fleet.findings.machine import host_advice, machine_advice
from console.fleet.findings.money import cost, cost_findings
from console.fleet.findings.workers import plan_advice, run_advice
from console.fleet.model import Fleet, Host, Planned, Run, RunKey
from console.fleet.records import began, ended, launched, reported
from console.fleet.rows import Rows
from console.fleet.rulings import rulings
from console.fleet.state import state_of, state_of_plan, unreachable_for
from remote.events import Disk, Gpu
from trainer.record.status import Criterion, Status

__all__ = [
    "LIVE",
    "STATES",
    "Advice",
    "GpuCell",
    "HostRow",
    "RaceView",
    "Standing",
    "State",
    "Trend",
    "WorkerRow",
    "host_rows",
    "newest_runs",
    "race_view",
    "race_views",
    "run_row",
    "worker_rows",
]

UNHEARD_S = 3.0  # a host's figures come once a second: older than this is worth saying
TREND_ROWS = 5
TREND_LOOK = 400  # rows among which the newest validation is looked for
_WON = "; won the race"  # what a run says that was the first on its own host
_LOWER = re.compile(r"(^|_)(loss|error|err|mse|mae|nrmse|rmse|nll|perplexity)(_|$)")


class Maker:
    """Makes rows, each time anew."""

    def run(self, fleet: Fleet, run: Run, now: float) -> WorkerRow:
        """The row of one run."""
        return run_row(fleet, run, now)

    def plan(self, fleet: Fleet, planned: Planned, now: float) -> WorkerRow:
        """The row of a worker that has no run."""
        host = fleet.hosts.get(planned.host) or Host(planned.host)
        state, advice = state_of_plan(planned, now), plan_advice(planned, now)
        urgent = _urgent(host, now)
        made = planned.lineage
        return WorkerRow(planned.worker, planned.host, None, state, lineage=made, advice=advice, host_advice=urgent)

    def host(self, host: Host, now: float) -> HostRow:
        """The row of one host."""
        return host_row(host, now)


ANEW = Maker()


def worker_rows(fleet: Fleet, now: float, make: Maker = ANEW) -> tuple[WorkerRow, ...]:
    """One row per worker: the newest run of it, or its plan. Workers of the configuration first, in its order."""
    newest = newest_runs(fleet)
    rows = []
    for name, planned in fleet.planned.items():
        run = newest.pop((planned.host, name), None)
        rows.append(make.plan(fleet, planned, now) if run is None else make.run(fleet, run, now))
    others = sorted(newest.values(), key=lambda run: (run.worker, run.key.host))
    return (*rows, *(make.run(fleet, run, now) for run in others))


def newest_runs(fleet: Fleet) -> dict[tuple[str, str], Run]:
    """(host, worker) → its newest run; removed folders only where nothing else is known."""
    newest: dict[tuple[str, str], Run] = {}
    for run in fleet.runs.values():
        key = (run.key.host, run.worker)
        if key not in newest or _order(run) > _order(newest[key]):
            newest[key] = run
    return newest


def _order(run: Run) -> tuple[bool, float, str]:
    return (not run.gone, began(run) or 0.0, run.key.run)


def _with_winner(fleet: Fleet, run: Run, state: State) -> State:
    """A run can only say that nobody was before it on its own host."""
    winner = fleet.winners.get(run.race) if run.race else None
    if winner is None or winner.run == run.key.run or not state.detail.endswith(_WON):
        return state
    return replace(state, detail=f"{state.detail.removesuffix(_WON)}; {winner.worker} had met them before")


def run_row(fleet: Fleet, run: Run, now: float) -> WorkerRow:
    """The row of one run."""
    host = fleet.hosts.get(run.key.host) or Host(run.key.host)
    state = _with_winner(fleet, run, state_of(run, host, now))
    status = reported(run) or Status()
    stopping = status.stopping
    host_now = now + host.clock_offset
    return WorkerRow(
        worker=run.worker,
        host=run.key.host,
        key=run.key,
        state=state,
        race=run.race,
        adopted=run.adopted,
        lineage=run.lineage,
        epoch=status.epoch,
        epochs=status.epochs,
        step=status.step,
        steps=status.steps,
        progress=status.progress if state.live else None,
        metrics=trends(run, status),
        criteria=stopping.criteria if stopping else (),
        validated_epoch=_validated(run.rows, status),
        checked_epoch=stopping.checked_epoch if stopping else None,
        next_check_epoch=stopping.next_epoch if stopping and state.live else None,
        patience=stopping.patience if stopping else None,
        patience_left=stopping.patience_left if stopping else None,
        step_time_s=status.step_time_s,
        samples_per_s=status.samples_per_s,
        data_wait=status.data_wait,
        eta_s=status.eta_s if state.live else None,
        heartbeat_age=_since(status.heartbeat, host_now) if state.live else None,
        elapsed_s=_elapsed(run, state, host_now),
        pulled=_pulled(fleet, run, state, host),
        checkpoint=status.checkpoint,
        notes=status.notes,
        figures=status.figures,
        advice=run_advice(run, host, state, now, fleet.code.get(run.worker)),
        host_advice=_urgent(host, now),
    )


def _urgent(host: Host, now: float) -> tuple[Advice, ...]:
    """What a worker's host has that will not wait."""
    return tuple(item for item in machine_advice(host, disk_of(host), now) if item.level != "note")


def trends(run: Run, status: Status) -> tuple[tuple[str, Trend], ...]:
    """The metrics of a run: value now, best, direction. First the loss and what the stopping rules look at."""
    rows = run.rows
    values = dict(status.metrics) or {name: rows.newest(name, 1)[0] for name in rows.names() if name != "lr"}
    decisive = ("loss", *(item.metric for item in (status.stopping.criteria if status.stopping else ())))
    names = dict.fromkeys([*(name for name in decisive if name in values), *values])
    out = []
    for name in names:
        value = values[name]
        best = status.best.get(name)
        direction = _direction(rows.newest(name, TREND_ROWS))
        out.append((name, Trend(value, best.value if best else None, best.epoch if best else None, direction)))
    return tuple(out)


def _validated(rows: Rows, status: Status) -> int | None:
    """The epoch of the newest validation that status.json knows of too: the two files arrive one after the other."""
    for row in rows.last_of("val", TREND_LOOK):
        epoch = row.get("epoch")
        known = {name: value for name, value in status.metrics.items() if name in row}
        if isinstance(epoch, int) and all(row[name] == value or math.isnan(value) for name, value in known.items()):
            return epoch
    return None


def lower_is_better(name: str) -> bool:
    """Whether a metric's name says that less is better."""
    return bool(_LOWER.search(name))


def _direction(values: list[float]) -> int:
    finite = [value for value in values if value - value == 0.0]
    if len(finite) < 2:
        return 0
    newest = finite.pop()
    before = sum(finite) / len(finite)
    change = newest - before
    if abs(change) <= 0.005 * max(abs(before), 1e-9):
        return 0
    return 1 if change > 0 else -1


def _pulled(fleet: Fleet, run: Run, state: State, host: Host) -> str:
    """Where its copy lies, when nothing of it came later than the copy."""
    copy, end = fleet.pulled.get(run.key), ended(run)
    if copy is None or not copy.complete or state.live:
        return ""
    later = end is not None and end.time is not None and end.time - host.clock_offset > copy.time
    return "" if later else copy.to


def _since(time: float | None, host_now: float) -> float | None:
    return None if time is None or not math.isfinite(time) else max(0.0, host_now - time)


def _elapsed(run: Run, state: State, host_now: float) -> float | None:
    start, end = began(run), ended(run)
    if start is None:
        return None
    if state.live:
        return max(0.0, host_now - start)
    status = reported(run)
    last = (end.time if end else None) or (status.heartbeat if status else None)
    return max(0.0, last - start) if last is not None else None


def host_rows(fleet: Fleet, now: float, make: Maker = ANEW) -> tuple[HostRow, ...]:
    """One row per host, in the order in which they were configured."""
    return tuple(_priced(make.host(host, now), fleet, host, now) for host in fleet.hosts.values())


def _priced(row: HostRow, fleet: Fleet, host: Host, now: float) -> HostRow:
    """With what it costs, where it has a price."""
    found = cost(host, fleet.runs.values(), now) if host.price else None
    return row if found is None else replace(row, cost=found, advice=(*row.advice, *cost_findings(found)))


def host_row(host: Host, now: float) -> HostRow:
    """The row of one host."""
    figures = host.telemetry
    disk = disk_of(host)
    unheard = unreachable_for(host, now)
    if unheard is None and host.heard_at is not None and now - host.heard_at > UNHEARD_S:
        unheard = now - host.heard_at
    return HostRow(
        name=host.name,
        phase=host.link.phase,
        detail=host.link.detail,
        unheard_for=unheard,
        cpu=figures.cpu if figures else None,
        load=figures.load if figures else None,
        cores=host.hello.cores if host.hello else None,
        memory_used=figures.memory_used if figures else None,
        memory_total=figures.memory_total if figures else None,
        disk_mount=disk.mount if disk else "",
        disk_used=disk.used if disk else None,
        disk_total=disk.total if disk else None,
        disk_full_in_s=disk_full_in(host, disk),
        disks=tuple(_disk_cell(host, item) for item in (figures.disks if figures else ())),
        boot_time=_boot_time(host),
        clock_skew_s=host.skew if host.skews else None,
        caches=host.facts.caches if host.facts else (),
        unexpanded=host.volumes,
        gpus=tuple(map(_gpu_cell, figures.gpus if figures else ())),
        gpu_error=figures.gpu_error if figures else "",
        advice=host_advice(host, disk, now),
    )


def _boot_time(host: Host) -> float | None:
    """Only a time that there can be."""
    moment = host.hello.boot_time if host.hello else 0.0
    return moment if 0 < moment < 1e11 else None


def _disk_cell(host: Host, disk: Disk) -> DiskCell:
    fill = host.fills.get(disk.mount)
    rate = fill.rate if fill else None
    return DiskCell(disk.mount, disk.used, disk.free, disk.total, disk.inodes_free, rate, full_in(fill, disk.free))


def _gpu_cell(gpu: Gpu) -> GpuCell:
    return GpuCell(
        gpu.index,
        gpu.name,
        gpu.utilisation,
        gpu.memory_used,
        gpu.memory_total,
        gpu.temperature,
        gpu.power,
        gpu.instance,
        gpu.power_limit,
        gpu.clock,
        gpu.memory_clock,
        gpu.slowed_by,
        gpu.error,
        gpu.processes,
    )


def race_views(
    fleet: Fleet, races: Mapping[str, Sequence[str]], now: float, make: Maker = ANEW
) -> tuple[RaceView, ...]:
    """Each race of the configuration as it stands: its newest instance, or its workers before the first start."""
    return tuple(race_view(fleet, name, workers, now, make=make) for name, workers in races.items())


def race_view(
    fleet: Fleet, name: str, workers: Sequence[str], now: float, race: str = "", *, make: Maker = ANEW
) -> RaceView:
    """A race as it stands; `race` names an instance, else it is the newest."""
    race = race or newest_race(fleet, name)
    if not race or not any(run.race == race for run in fleet.runs.values()):
        rows = [row for row in worker_rows(fleet, now, make) if row.worker in workers]
        return RaceView(name, race, tuple(_standing(row, False) for row in rows))
    runs = _newest_of_each([run for run in fleet.runs.values() if run.race == race])
    winner = fleet.winners.get(race)
    standings = [_standing(make.run(fleet, run, now), bool(winner and winner.run == run.key.run)) for run in runs]
    standings.sort(key=_rank)
    first = next((item for item in standings if item.won), None)
    over = bool(standings) and not any(item.row.state.live for item in standings)
    return RaceView(
        name,
        race,
        tuple(standings),
        winner=(first.row.worker if first else winner.worker) if winner else "",
        over=over,
        picture=_picture(fleet, first.row) if first else "",
        rulings=tuple(sorted((item for run in runs for item in rulings(run)), key=lambda item: item.time or 0.0)),
    )


_INSTANCE = re.compile(r"-\d{8}-\d{6}-[0-9a-f]{4}\Z")


def race_began(race: str) -> float | None:
    """When an instance of a race was started, by the clock of whoever started it: it stands in its id."""
    found = _INSTANCE.search(race)
    if found is None:
        return None
    try:
        return float(calendar.timegm(time.strptime(found[0][1:16], "%Y%m%d-%H%M%S")))
    except ValueError:
        return None


def newest_race(fleet: Fleet, name: str) -> str:
    """The id of the newest instance of a race: `<name>-<stamp>-<hex>`; nothing when it never ran."""
    ids = {run.race for run in fleet.runs.values() if not run.gone and _INSTANCE.sub("", run.race) == name != run.race}
    return max(ids, default="")


def _newest_of_each(runs: Iterable[Run]) -> list[Run]:
    newest: dict[str, Run] = {}
    for run in runs:
        if run.worker not in newest or _order(run) > _order(newest[run.worker]):
            newest[run.worker] = run
    return list(newest.values())


def _standing(row: WorkerRow, won: bool) -> Standing:
    return Standing(row, sum(item.passed is True for item in row.criteria), len(row.criteria), won)


def _rank(standing: Standing) -> tuple[bool, int, float, str]:
    near = [nearness(item) for item in standing.row.criteria]
    return (not standing.won, -standing.passed, -(sum(near) / len(near) if near else 0.0), standing.row.worker)


def nearness(criterion: Criterion) -> float:
    """How near a criterion is to being passed: 1 is passed, 0 is nothing yet."""
    if criterion.passed:
        return 1.0
    if criterion.value is None or not math.isfinite(criterion.value) or not criterion.threshold:
        return 0.0
    part = criterion.value / criterion.threshold
    if criterion.op in ("<", "<="):
        part = criterion.threshold / criterion.value if criterion.value else 0.0
    return min(max(part, 0.0), 1.0)


def _picture(fleet: Fleet, row: WorkerRow) -> str:
    if row.key is None or not row.figures:
        return ""
    host = fleet.hosts.get(row.host)
    root = host.hello.root if host and host.hello else ""
    return f"{root.rstrip('/')}/runs/{row.key.run}/{row.figures[0]}" if root else row.figures[0]


def attempts(run: Run) -> int:
    """How many times this run was launched."""
    start = launched(run)
    return (start.attempt or 1) if start else 0


def key_of(fleet: Fleet, worker: str) -> RunKey | None:
    """The newest run of a worker, on whichever host."""
    found = [run for (_host, name), run in newest_runs(fleet).items() if name == worker]
    return max(found, key=_order).key if found else None
