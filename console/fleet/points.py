"""The metric rows of a run as series to draw: names, and points on one of three axes. The only way charts reach rows.

A validation's `loss` is named `val_loss`, so that it stands beside the training's. What was read once of a run is kept
and grows with its rows; a run whose rows were taken back is read anew.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from console.fleet.model import Run, RunKey

Axis = Literal["step", "epoch", "time"]
_OWN = frozenset({"t", "step", "epoch", "phase", "schema"})
_KEPT = 1000  # runs


@dataclass(slots=True)
class _Metric:
    """One metric's values, and where each of them stands on every axis."""

    step: list[float] = field(default_factory=list)
    epoch: list[float] = field(default_factory=list)
    time: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Table:
    rows: int = 0
    last: Mapping[str, Any] | None = None
    began: float | None = None
    metrics: dict[str, _Metric] = field(default_factory=dict)


_tables: "OrderedDict[RunKey, _Table]" = OrderedDict()


def metric_names(run: Run) -> tuple[str, ...]:
    """Every metric that any row has, in the order in which they first came."""
    return tuple(_table(run).metrics)


def points(run: Run, metric: str, axis: Axis = "step") -> tuple[Sequence[float], Sequence[float]]:
    """Where each value stands, and the values, oldest first. Time: seconds since the run's first row."""
    found = _table(run).metrics.get(metric)
    if found is None:
        return (), ()
    return {"step": found.step, "epoch": found.epoch, "time": found.time}[axis], found.values


def _table(run: Run) -> _Table:
    table = _tables.get(run.key)
    rows = run.rows
    if table is None or table.rows > len(rows) or (table.rows and rows[table.rows - 1] is not table.last):
        table = _tables[run.key] = _Table()
        if len(_tables) > _KEPT:
            _tables.popitem(last=False)
    for place in range(table.rows, len(rows)):
        _add(table, rows[place], place)
    table.rows = len(rows)
    table.last = rows[table.rows - 1] if table.rows else None
    return table


def _add(table: _Table, row: Mapping[str, Any], place: int) -> None:
    moment = _number(row.get("t"))
    if table.began is None:
        table.began = moment
    step = _number(row.get("step"), float(place))
    epoch = _number(row.get("epoch"), step)
    time = float(place) if moment is None or table.began is None else moment - table.began
    validation = str(row.get("phase", "")).startswith("val")
    for name, value in row.items():
        if name in _OWN or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        metric = table.metrics.setdefault(f"val_{name}" if validation and name == "loss" else name, _Metric())
        metric.step.append(step or 0.0)
        metric.epoch.append(epoch or 0.0)
        metric.time.append(time)
        metric.values.append(_float(value))


def _number(value: Any, otherwise: float | None = None) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return _float(value)


def _float(value: float) -> float:
    """Also of a whole number that is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
