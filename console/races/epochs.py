"""A metric's value of each epoch that is whole, from a run's rows: what rivals can be compared by. Pure."""

import math
from collections.abc import Mapping

from console.fleet.rows import Rows


def by_epoch(rows: Rows, metric: str) -> Mapping[int, float]:
    """Epoch → the metric's last value in it. An epoch counts when nothing of it can follow: what was found while
    validating, and what has rows of a later epoch behind it."""
    return rows.remembered(("by epoch", metric), lambda found: _by_epoch(found.whole(), metric))  # type: ignore[no-any-return]


def _by_epoch(rows: Rows, metric: str) -> Mapping[int, float]:
    epochs, column = rows.clock("epoch"), rows.column(metric)
    newest = max((epoch for epoch in epochs if math.isfinite(epoch)), default=-1.0)
    found: dict[int, float] = {}
    for place, value in zip(column.places, column.values, strict=True):
        epoch = epochs[place]
        if epoch.is_integer() and (epoch < newest or rows.phase(place).startswith("val")):
            found[int(epoch)] = value
    return found
