"""Differences between runs on the same samples. What both get right, or both get wrong, says nothing about which is
better; only samples on which they differ do. That is why two runs can differ clearly whose intervals overlap.

The intervals tell how much the choice of test samples may have moved a figure. They do not tell what another seed of
the training would have given: for that, several seeds of each are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trainer.compare.measures import Floats, resampled_means, right, squared_errors
from trainer.outcomes.interval import LEVEL, Interval, holm, mcnemar
from trainer.tasks import Predictions

ACCURACY, ERROR = "accuracy", "position error"


@dataclass(frozen=True, slots=True)
class Gap:
    """First minus second of one measure."""

    measure: str
    first: int  # which of the runs
    second: int
    gap: Interval
    p: float  # of no difference at all; corrected for the number of comparisons
    larger_than_noise: bool = False

    @property
    def better(self) -> int:
        """The run that is ahead: more accurate, or with the smaller error."""
        ahead = self.gap.value > 0 if self.measure == ACCURACY else self.gap.value < 0
        return self.first if ahead else self.second

    @property
    def worse(self) -> int:
        return self.second if self.better == self.first else self.first


def gaps(
    found: Sequence[Predictions], level: float = LEVEL, pairs: Sequence[tuple[int, int]] | None = None
) -> list[Gap]:
    """These pairs, else every one, in accuracy and in position error where all have one, corrected together (Holm)."""
    hits = np.stack([right(item) for item in found], 1)
    if pairs is None:
        pairs = [(first, second) for first in range(len(found)) for second in range(first + 1, len(found))]
    plain = _gaps(ACCURACY, hits.astype(np.float64), pairs, level)
    plain = [replace(item, p=_exact(hits[:, item.first], hits[:, item.second])) for item in plain]
    errors = [wrong for item in found if (wrong := squared_errors(item)) is not None]
    if len(errors) == len(found):
        plain += _gaps(ERROR, np.stack(errors, 1), pairs, level)
    corrected = holm([item.p for item in plain])
    return [
        replace(item, p=p, larger_than_noise=p < 1 - level and item.gap.without_zero)
        for item, p in zip(plain, corrected, strict=True)
    ]


def gap(first: Floats, second: Floats, level: float = LEVEL) -> Interval:
    """The mean of first minus second, sample by sample, with its bootstrap interval."""
    each = first.astype(np.float64) - second
    low, high = np.quantile(resampled_means(each), [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(each.mean()), float(low), float(high))


def _gaps(measure: str, values: Floats, pairs: Sequence[tuple[int, int]], level: float) -> list[Gap]:
    """One resampling for all pairs: all are seen through the same draws."""
    means = resampled_means(values)
    found = []
    for first, second in pairs:
        drawn = means[:, first] - means[:, second]
        low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
        value = float((values[:, first] - values[:, second]).mean())
        found.append(Gap(measure, first, second, Interval(value, float(low), float(high)), _two_sided(drawn)))
    return found


def _two_sided(drawn: Floats) -> float:
    """How often the draws fall on the other side of zero, both ways; never zero, as draws are finite."""
    low, high = int((drawn <= 0).sum()), int((drawn >= 0).sum())
    return min(1.0, 2 * (min(low, high) + 1) / (len(drawn) + 1))


def _exact(first: "np.ndarray[tuple[int], np.dtype[np.bool_]]", second: object) -> float:
    other = np.asarray(second)
    return mcnemar(int((first & ~other).sum()), int((~first & other).sum()))
