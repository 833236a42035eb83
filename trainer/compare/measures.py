"""What predictions are worth: accuracy, confusion, squared error, calibration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.outcomes.interval import LEVEL, Interval, wilson
from trainer.tasks import Predictions

Floats = NDArray[np.float64]
BINS = 15
_AT_ONCE = 250  # draws: what they need stays in the processor's cache


@dataclass(frozen=True)
class Worth:
    """Figures of one set of predictions."""

    accuracy: Interval
    confusion: NDArray[np.int64]  # [true class, class said]
    log_loss: float
    calibration: float
    error: Interval | None  # mean squared error of positions


def worth(found: Predictions, level: float = LEVEL) -> Worth:
    shares = softmax(found.logits)
    wrongs = squared_errors(found)
    return Worth(
        accuracy=wilson(int(right(found).sum()), len(found.labels), level),
        confusion=confusion(found),
        log_loss=log_loss(shares, found.labels),
        calibration=calibration_error(shares, found.labels),
        error=None if wrongs is None else bootstrap_mean(wrongs, level),
    )


def right(found: Predictions) -> NDArray[np.bool_]:
    """Which samples are given their class."""
    return np.asarray(found.logits.argmax(1) == found.labels)


def confusion(found: Predictions) -> NDArray[np.int64]:
    """How many of each class (down) were taken for which (across)."""
    classes = len(found.classes)
    pairs = found.labels.astype(np.int64) * classes + found.logits.argmax(1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def squared_errors(found: Predictions) -> Floats | None:
    """Each sample's squared error, mean over its values; None without a second head."""
    if found.targets is None or found.positions is None:
        return None
    return np.asarray(
        ((found.targets.astype(np.float64) - found.positions) ** 2).reshape(len(found.labels), -1).mean(1)
    )


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Shares that add up to 1."""
    wide = logits.astype(np.float64)
    raised = np.exp(wide - wide.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def log_loss(shares: Floats, labels: NDArray[np.int64]) -> float:
    """Mean negative logarithm of what was given to the true class."""
    given = shares[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(given, 1e-300)).mean())


def calibration_error(shares: Floats, labels: NDArray[np.int64], bins: int = BINS) -> float:
    """Expected calibration error: how far, on average, the share given is from how often it was right."""
    sure, hit = shares.max(1), shares.argmax(1) == labels
    at = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(at, hit - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def resampled_means(values: NDArray[np.floating], seed: int = 0, times: int = 10_000) -> Floats:
    """Means of `values` [samples, …] over samples drawn anew with replacement: [times, …]. The same for equal seeds."""
    generator = np.random.default_rng(seed)
    count = len(values)
    columns = values.reshape(count, -1).T.astype(np.float64)
    out = np.empty((times, len(columns)))
    for start in range(0, times, _AT_ONCE):
        drawn = generator.integers(0, count, (min(_AT_ONCE, times - start), count), dtype=np.int32)
        for number, column in enumerate(columns):
            out[start : start + len(drawn), number] = column[drawn].mean(1)
    return out.reshape(times, *values.shape[1:])


def bootstrap_mean(values: Floats, level: float = LEVEL) -> Interval:
    """The mean with its bootstrap interval: errors are lopsided, and a deviation says little of them."""
    means = resampled_means(values)
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(values.mean()), float(low), float(high))
