"""How far a run is on its way to all of its criteria, validation by validation. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from console.charts.digest import Points
from console.fleet.model import Run
from console.fleet.points import Axis, points
from console.fleet.view import nearness
from trainer.record.status import Criterion


def way(run: Run, criteria: Sequence[Criterion], axis: Axis) -> Points:
    """The share of the way that the farthest criterion has come, 0 to 1; 1 is met. A place counts when every criterion
    has a value there."""
    if not criteria:
        return (), ()
    values = [dict(zip(*points(run, item.metric, axis), strict=True)) for item in criteria]
    places = sorted(set(values[0]).intersection(*values[1:]))
    shares = [min(share(item, one[x]) for item, one in zip(criteria, values, strict=True)) for x in places]
    return places, shares


def passed(run: Run, criteria: Sequence[Criterion], axis: Axis) -> Points:
    """How many criteria hold at each validation."""
    if not criteria:
        return (), ()
    values = [dict(zip(*points(run, item.metric, axis), strict=True)) for item in criteria]
    places = sorted(set(values[0]).intersection(*values[1:]))
    counts = [float(sum(holds(item, one[x]) for item, one in zip(criteria, values, strict=True))) for x in places]
    return places, counts


def share(item: Criterion, value: float) -> float:
    """How near a value is to what a criterion wants."""
    return nearness(replace(item, value=value, passed=holds(item, value)))


def holds(item: Criterion, value: float) -> bool:
    if item.op == ">=":
        return value >= item.threshold
    if item.op == ">":
        return value > item.threshold
    return value <= item.threshold if item.op == "<=" else value < item.threshold


def missing(item: Criterion) -> float | None:
    """What is left to the threshold, in the metric's own unit; nothing when it holds."""
    if item.value is None or item.value != item.value:
        return None
    return 0.0 if holds(item, item.value) else abs(item.threshold - item.value)
