"""When a criterion will hold, if it goes on as it has gone lately. Pure: a line through the last validations."""

import math
from collections.abc import Sequence

from console.charts.nearness import holds
from trainer.record.status import Criterion

VALIDATIONS = 6  # looked back over
_LEAST = 3
_HUGE = 1e50  # squares of more are no numbers any more; false of NaN, too
_FARTHEST = 20.0  # times what was looked back over: a line says nothing of what comes later


def epoch_of(item: Criterion, epochs: Sequence[float], values: Sequence[float]) -> int | None:
    """The epoch at which the criterion holds at this rate; None when it moves away, or nobody can say."""
    known = [(x, y) for x, y in zip(epochs, values, strict=True) if abs(x) < _HUGE and abs(y) < _HUGE]
    known = known[-VALIDATIONS:]
    if len(known) < _LEAST or holds(item, known[-1][1]) or known[-1][0] <= known[0][0]:
        return None
    middle, mean = sum(x for x, _ in known) / len(known), sum(y for _, y in known) / len(known)
    across = sum((x - middle) ** 2 for x, _ in known)
    if not across:  # epochs so near to each other that their squares vanish
        return None
    slope = sum((x - middle) * (y - mean) for x, y in known) / across
    upward = item.op.startswith(">")
    if slope == 0 or (slope > 0) != upward:
        return None
    last = known[-1][0]
    there = middle + (item.threshold - mean) / slope
    if there > last + _FARTHEST * (last - known[0][0]):
        return None
    return max(math.ceil(there), math.floor(last) + 1)
