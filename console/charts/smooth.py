"""Smoothing: the exponentially weighted mean of a value and those before it. Pure.

The mean is divided by the weight that it really has, so that it begins at the first value and not at 0. What is no
finite number stays what it is and is not in any mean.
"""

import math
from array import array
from collections.abc import Sequence

from console.charts.scale import LARGEST

WEIGHTS = (0.0, 0.6, 0.9, 0.98)  # of what came before


class Smoothed:
    """Of one series that grows."""

    __slots__ = ("_mean", "_values", "_weight", "_whole")

    def __init__(self, weight: float) -> None:
        self._weight = weight
        self._mean = self._whole = 0.0
        self._values = array("d")

    def of(self, values: Sequence[float]) -> Sequence[float]:
        """All values smoothed; what was there before is taken for unchanged."""
        weight, out = self._weight, self._values
        rest, mean, whole = 1.0 - weight, self._mean, self._whole
        for value in values[len(out) :]:
            if -LARGEST < value < LARGEST:
                mean = weight * mean + rest * value
                whole = weight * whole + rest
                out.append(mean / whole)
            else:
                out.append(math.nan)
        self._mean, self._whole = mean, whole
        return out[:]
