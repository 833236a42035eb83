"""Metric rows turned into curves, once: new rows are added to what is already there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.fleet.cells import WorkerRow
from console.fleet.model import Run, RunKey
from console.widgets.braille import Points

_OWN = frozenset({"t", "step", "epoch", "phase", "schema"})
_LOSSES = ("loss", "train_loss", "val_loss")


@dataclass(frozen=True, slots=True)
class Plot:
    """One chart to draw: its curves by name, and the threshold that one of them has to pass."""

    title: str
    curves: tuple[tuple[str, Points], ...]
    threshold: float | None = None


@dataclass(slots=True)
class _Known:
    rows: int = 0
    last: Mapping[str, Any] | None = None
    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


class Curves:
    """Curves of many runs; asks each row once."""

    def __init__(self) -> None:
        self._runs: dict[RunKey, _Known] = {}

    def of(self, run: Run) -> dict[str, list[tuple[float, float]]]:
        """Points (step, value) by metric."""
        known = self._runs.setdefault(run.key, _Known())
        rows = run.rows
        same = known.rows <= len(rows) and (not known.rows or rows[known.rows - 1] is known.last)
        if not same:
            known = self._runs[run.key] = _Known()
        for place in range(known.rows, len(rows)):
            _add(known.points, rows[place], place)
        known.rows = len(rows)
        known.last = rows[known.rows - 1] if known.rows else None
        return known.points

    def plots(self, row: WorkerRow, run: Run | None) -> list[Plot]:
        """Charts worth drawing: the losses together, each criterion's metric with its threshold, then the rest."""
        if run is None:
            return []
        points = self.of(run)
        losses = tuple((name, points[name]) for name in _LOSSES if name in points)
        plots = [Plot("loss", losses)] if losses else []
        taken = {name for name, _ in losses}
        for item in row.criteria:
            if item.metric in points and item.metric not in taken:
                plots.append(Plot(item.metric, ((item.metric, points[item.metric]),), item.threshold))
                taken.add(item.metric)
        return plots + [Plot(name, ((name, points[name]),)) for name in points if name not in taken]


def _add(points: dict[str, list[tuple[float, float]]], row: Mapping[str, Any], place: int) -> None:
    at = row.get("step")
    x = float(at) if isinstance(at, int | float) else float(place)
    prefix = "val_" if str(row.get("phase", "")).startswith("val") else ""
    for name, value in row.items():
        if name in _OWN or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        full = name if not prefix or name.startswith(prefix) or name != "loss" else prefix + name
        points.setdefault(full, []).append((x, float(value)))
