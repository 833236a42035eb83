"""What a sweep came to: its combinations, the best first. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.config import Config
from console.fleet.cells import State
from console.fleet.lineage import value_word
from console.fleet.model import Fleet, Run
from console.fleet.records import reported
from console.fleet.view import lower_is_better, worker_rows
from console.format import plural
from trainer.outcomes.table import Table
from trainer.outcomes.words import figure
from trainer.record.ranking import metric_of


@dataclass(frozen=True, slots=True)
class Swept:
    """One combination. `value` is the best of the metric so far; None: it has none yet."""

    worker: str
    host: str
    run: str
    state: State
    values: Mapping[str, Any]
    value: float | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """All of a sweep, the best first; those without a figure at the end, in their order."""

    name: str
    metric: str
    mode: str  # max or min
    rows: tuple[Swept, ...]

    @property
    def best(self) -> Swept | None:
        return self.rows[0] if self.rows and self.rows[0].value is not None else None

    @property
    def table(self) -> Table:
        """For people."""
        keys = list(dict.fromkeys(key for row in self.rows for key in row.values))
        best = self.best.value if self.best else None
        heads = (self.metric or "figure", "epoch", "state", *keys, "host")
        rows = []
        for row in self.rows:
            mark = " ★" if best is not None and row.value == best else "  "
            told = figure(row.value) + mark if row.value is not None else ""
            values = (value_word(row.values[key]) if key in row.values else "" for key in keys)
            rows.append((row.worker, (told, str(row.epoch or ""), row.state.name, *values, row.host)))
        live, done = (sum(row.state.live is live and bool(row.run) for row in self.rows) for live in (True, False))
        better = f"; {'smaller' if self.mode == 'min' else 'larger'} {self.metric} is better" if self.metric else ""
        title = f"{self.name}: {plural(len(self.rows), 'combination')}, {done} ended, {live} live{better}"
        return Table(title, heads, tuple(rows))

    @property
    def document(self) -> dict[str, Any]:
        """For programs."""
        rows = [
            {
                "worker": row.worker,
                "host": row.host,
                "run": row.run or None,
                "state": row.state.name,
                "live": row.state.live,
                "values": dict(row.values),
                "value": row.value,
                "epoch": row.epoch,
            }
            for row in self.rows
        ]
        best = self.best.worker if self.best else None
        return {"schema": 1, "sweep": self.name, "metric": self.metric or None, "mode": self.mode, "best": best,
                "rows": rows}  # fmt: skip


def results(config: Config, fleet: Fleet, name: str, now: float, metric: str = "") -> Results:
    """The newest run of each combination, also of those that left the configuration. ValueError without a metric."""
    found = [row for row in worker_rows(fleet, now) if row.lineage and row.lineage.kind == "sweep"]
    found = [row for row in found if row.lineage and row.lineage.of == name]
    runs = {row.worker: fleet.runs[row.key] for row in found if row.key is not None}
    metric = metric or _metric(list(runs.values()))
    mode = _mode(list(runs.values()), metric)
    rows = []
    for row in found:
        run, values = runs.get(row.worker), row.lineage.values if row.lineage else {}
        value, epoch = _best(run, metric, mode) if run else (None, None)
        rows.append(Swept(row.worker, row.host, row.key.run if row.key else "", row.state, values, value, epoch))
    sign = 1 if mode == "min" else -1
    rows.sort(key=lambda row: math.inf if row.value is None else sign * row.value)
    return Results(name, metric, mode, tuple(rows))


def _metric(runs: Sequence[Run]) -> str:
    """The one by which the runs judge their checkpoints; else the only one that all validate."""
    own = {metric_of(run.config) for run in runs} - {""}
    if len(own) == 1:
        return own.pop()
    known = sorted({name for run in runs for name in run.rows.names() if name.startswith("val_")})
    if len(known) == 1 or not runs or not known:
        return known[0] if known else ""
    raise ValueError(f"the runs do not say which figure decides: --by METRIC, one of {', '.join(known)}")


def _mode(runs: Sequence[Run], metric: str) -> str:
    told = [status.best[metric].mode for run in runs if (status := reported(run)) and metric in status.best]
    return told[0] if told and told[0] in ("min", "max") else "min" if lower_is_better(metric) else "max"


def _best(run: Run, metric: str, mode: str) -> tuple[float | None, int | None]:
    status = reported(run)
    if status is not None and metric in status.best and not math.isnan(status.best[metric].value):
        return status.best[metric].value, status.best[metric].epoch
    best: tuple[float | None, int | None] = (None, None)
    for row in run.rows:
        value = row.get(metric)
        if isinstance(value, int | float) and not math.isnan(value):
            better = best[0] is None or (value < best[0] if mode == "min" else value > best[0])
            best = (float(value), row.get("epoch")) if better else best
    return best
