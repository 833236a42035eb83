"""Curves of several runs over each other, one chart for each metric; and what of them a table tells. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from console.charts.panel import Panel, Series, quantity, thresholds
from console.fleet.model import Run
from console.fleet.points import metric_names, points
from console.fleet.view import lower_is_better
from trainer.record.status import Criterion


@dataclass(frozen=True, slots=True)
class End:
    """One metric of one run: newest value, best one and its epoch, and what it was before the first step."""

    final: float | None = None
    best: float | None = None
    epoch: float | None = None
    before: float | None = None


def metrics_of(runs: Sequence[Run], criteria: Sequence[Criterion] = ()) -> list[str]:
    """Metrics that any of them has: what criteria look at first, then validations, losses, the rest."""
    names = dict.fromkeys(name for run in runs for name in metric_names(run))
    decisive = [item.metric for item in criteria]

    def rank(name: str) -> tuple[int, int]:
        if name in decisive:
            return 0, decisive.index(name)
        what, whose = quantity(name)
        return (1 if whose == "val" and what != "loss" else 2 if what == "loss" else 3), 0

    return sorted(names, key=rank)


def overlay(
    runs: Sequence[Run], names: Sequence[str], metric: str, criteria: Sequence[Criterion], chosen: str | None
) -> Panel:
    """The metric of all runs that have it."""
    found = tuple(
        Series((run.key, metric), name, partial(points, run, metric), place=place)
        for place, (run, name) in enumerate(zip(runs, names, strict=True))
        if has(run, metric)
    )
    return Panel(metric, found, thresholds((metric,), criteria), chosen, (metric,))


def has(run: Run, metric: str) -> bool:
    return len(points(run, metric)[1]) > 0


def end_of(run: Run, metric: str, smaller: frozenset[str] = frozenset()) -> End:
    """Of a metric's points. What was measured at epoch 0 is from before the training: it is the baseline."""
    epochs, values = points(run, metric, "epoch")
    known = [(epoch, value) for epoch, value in zip(epochs, values, strict=True) if math.isfinite(value)]
    if not known:
        return End(values[-1] if len(values) else None)
    sign = -1.0 if metric in smaller or lower_is_better(metric) else 1.0
    epoch, best = max(known, key=lambda pair: (sign * pair[1], -pair[0]))
    first = known[0]
    validated = any(other > 0 for other, _ in known)
    return End(values[-1], best, epoch, first[1] if first[0] == 0 and validated else None)


def criteria_of(runs: Sequence[Run]) -> tuple[Criterion, ...]:
    """The criteria that any of the runs has, each once."""
    found: dict[tuple[str, str, float], Criterion] = {}
    for run in runs:
        stopping = run.status.stopping if run.status else None
        for item in stopping.criteria if stopping else ():
            found.setdefault((item.metric, item.op, item.threshold), item)
    return tuple(found.values())
