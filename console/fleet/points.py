"""Metric rows → curves: what charts and comparisons draw. Pure, and remembered with the rows that they came from.

Asking for points of a run whose older rows are still in a file reads that file (`Rows.whole`): a screen that asks for
many runs at once asks in a thread.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Literal

from console.fleet.model import Run
from console.fleet.rows import Rows

Axis = Literal["step", "epoch", "time"]
Curve = tuple[Sequence[float], Sequence[float]]


def metric_names(run: Run) -> tuple[str, ...]:
    """Everything that can be drawn, in the order in which it first came."""
    return run.rows.whole().names()


def points(run: Run, metric: str, axis: Axis = "step") -> Curve:
    """Places on the axis and values, oldest first. Time is counted in seconds from the run's first row."""
    rows = run.rows.whole()
    found: Curve = rows.remembered((metric, axis), lambda rows: _points(rows, metric, axis))
    return found


def _points(rows: Rows, metric: str, axis: Axis) -> Curve:
    column = rows.column(metric)
    along: array[float] = rows.remembered(axis, lambda rows: _along(rows, axis))
    values = column.values[:]
    if len(column.places) == len(along):
        return along, values
    if len(column.places) < 2:
        return array("d", [along[place] for place in column.places]), values
    return array("d", itemgetter(*column.places)(along)), values


def _along(rows: Rows, axis: Axis) -> "array[float]":
    """Where each row lies on the axis. A row that does not say is counted as a step, and lies with the one before it
    on the other axes."""
    clock = rows.clock("t" if axis == "time" else axis)
    if math.isnan(sum(clock)):
        if axis == "step":
            return array("d", [place if math.isnan(value) else value for place, value in enumerate(clock)])
        first = next((value for value in clock if not math.isnan(value)), 0.0)
        carried = accumulate(clock, lambda before, value: before if math.isnan(value) else value, initial=first)
        clock = array("d", carried)[1:]
    if axis == "time" and clock:
        begin = clock[0]
        return array("d", [value - begin for value in clock])
    return clock


def thinned(xs: Sequence[float], ys: Sequence[float], bins: int) -> Curve:
    """At most two points in each of `bins` equal parts of the axis: the lowest and the highest, so that no peak is
    lost. `xs` does not fall. A value that is no number is never among them."""
    if len(xs) <= 2 * bins or bins < 1:
        return xs, ys
    first, width = xs[0], (xs[-1] - xs[0]) / bins
    out_x, out_y = array("d"), array("d")
    begin = 0
    for part in range(1, bins + 1):
        end = len(xs) if part == bins else bisect_left(xs, first + part * width, begin)
        for place in _extremes(ys, begin, end):
            out_x.append(xs[place])
            out_y.append(ys[place])
        begin = end
    return out_x, out_y


def _extremes(ys: Sequence[float], begin: int, end: int) -> list[int]:
    """Where the lowest and the highest of `ys[begin:end]` are, in their order."""
    part = ys[begin:end]
    if not part:
        return []
    low, high = min(part), max(part)
    if math.isnan(low):  # one in front hides the others
        numbers = [value for value in part if not math.isnan(value)]
        if not numbers:
            return []
        low, high = min(numbers), max(numbers)
    return sorted({begin + part.index(low), begin + part.index(high)})
