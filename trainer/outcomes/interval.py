"""How far a figure may be off, and whether two differ by more than noise. Closed formulas, no sampling."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the ends between which the true one lies, at the level that was asked for."""

    value: float
    low: float
    high: float

    @property
    def without_zero(self) -> bool:
        """Of a difference: whether its sign is known."""
        return self.low > 0 or self.high < 0


def wilson(right: float, samples: int, level: float = LEVEL) -> Interval:
    """A share of right answers. Wilson's score interval: honest at 0 and 1 too, where the usual one has no width."""
    if samples < 1:
        return Interval(math.nan, 0.0, 1.0)
    z, share = NormalDist().inv_cdf(0.5 + level / 2), right / samples
    scale = 1 + z * z / samples
    middle = (share + z * z / (2 * samples)) / scale
    reach = z / scale * math.sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    return Interval(share, max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def difference(first: Interval, second: Interval) -> Interval:
    """First minus second, from Wilson intervals of independent samples (Newcombe's method).

    On the same samples it is too wide rather than too narrow, as long as both tend to miss the same ones.
    """
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(value, value - down, value + up)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact p-value of two classifiers on the same samples, from those that only one of them gets right.

    If both were equally good, each such sample would be a fair coin's throw.
    """
    thrown, fewer = only_first + only_second, min(only_first, only_second)
    if thrown == 0:
        return 1.0
    logs = [_log_choose(thrown, heads) - thrown * math.log(2) for heads in range(fewer + 1)]
    return min(1.0, 2 * math.fsum(math.exp(value) for value in logs))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values made larger for there being many: below 0.05 now means at most 5 % for one false word among all."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    found, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        found[index] = largest
    return found


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Of several seeds; the deviation of a single one is not known."""
    return fmean(values), stdev(values) if len(values) > 1 else math.nan


def _log_choose(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
