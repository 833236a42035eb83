"""Values → places on an axis, linear or logarithmic; ticks at round values and their labels. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

LARGEST = 1e150  # beyond it differences are no finite numbers any more
_AIR = 0.04  # of the height, above and below the curves


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`; both above 0 when it is logarithmic."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one; outside of them beyond. A log axis has no place at or below 0: -inf."""
        if self.log:
            if value <= 0:
                return -math.inf
            low = math.log(self.low)
            return (math.log(value) - low) / (math.log(self.high) - low)
        return (value - self.low) / (self.high - self.low)

    def row(self, value: float, rows: int) -> int:
        """The row that a value falls into, 0 the lowest; what lies outside stands at the edge."""
        share = self.share(value)
        return 0 if share <= 0 else rows - 1 if share >= 1 else round(share * (rows - 1))

    def within(self, value: float) -> bool:
        return self.low <= value <= self.high and (not self.log or value > 0)


def scale_of(values: Iterable[float], *, log: bool = False) -> Scale:
    """An axis on which all of these have a place, with a little air. Never empty, whatever they are."""
    fitting = [value for value in values if -LARGEST < value < LARGEST and (not log or value > 0)]
    if not fitting:
        return Scale(0.1, 1.0, True) if log else Scale(0.0, 1.0)
    low, high = min(fitting), max(fitting)
    if log:
        low, high = max(low, 1 / LARGEST), max(high, 1 / LARGEST)
        factor = (high / low) ** _AIR if high / low > 1.0001 else 2.0
        return Scale(low / factor, high * factor, True)
    if high - low <= max(abs(high) * 1e-12, 1 / LARGEST):
        air = abs(low) * 0.1 if abs(low) > 1 / LARGEST else 1.0
        return Scale(low - air, high + air)
    air = (high - low) * _AIR
    return Scale(max(0.0, low - air) if low >= 0 else low - air, high + air)


def ticks(scale: Scale, most: int) -> list[float]:
    """At most so many round values inside, rising."""
    if most < 1:
        return []
    if scale.log:
        decades = _decades(scale, most)
        if len(decades) >= min(2, most):
            return decades
    span = scale.high - scale.low
    step = _round_step(span / most)
    while True:
        first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
        if last - first + 1 <= most:
            return [place * step for place in range(first, last + 1)]
        step = _round_step(step * 1.5)


def _decades(scale: Scale, most: int) -> list[float]:
    low, high = math.ceil(math.log10(scale.low) - 1e-9), math.floor(math.log10(scale.high) + 1e-9)
    every = max(1, -(-(high - low + 1) // most))
    found = [10.0**power for power in range(low, high + 1) if power % every == 0]
    if every == 1 and len(found) * 3 <= most:
        found = [value * 10.0**power for power in range(low - 1, high + 1) for value in (1, 2, 5)]
    return [value for value in found if scale.low <= value <= scale.high]


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, not below."""
    if not least > 1e-300:
        return 1e-300
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def label(value: float, step: float) -> str:
    """A tick's value with as many decimals as its neighbours' distance needs: 0.25, 12, 1.2k, 3e-05."""
    size = max(abs(value), abs(step))
    if value and (size >= 1e15 or size < 1e-4):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    scaled, suffix = value, ""
    if size >= 10_000:
        unit, suffix = next((unit, letter) for unit, letter in _SUFFIXES if size >= unit)
        scaled, step = value / unit, step / unit
    decimals = 0 if step <= 0 else max(0, min(6, -math.floor(math.log10(step) + 1e-9)))
    text = f"{scaled:.{decimals}f}"
    if decimals and suffix:
        text = text.rstrip("0").rstrip(".")
    return "0" if not value else text + suffix


def labels(values: list[float], *, log: bool = False) -> list[str]:
    """Labels of neighbouring ticks."""
    if log:
        return [label(value, value) for value in values]
    step = values[1] - values[0] if len(values) > 1 else abs(values[0]) / 10 if values else 1.0
    return [label(value, step) for value in values]


def clock(seconds: float) -> str:
    """A time since the beginning, as a tick: 0:30, 12:05, 2:07:15, 3d04h."""
    whole = round(seconds)
    sign, whole = ("-", -whole) if whole < 0 else ("", whole)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 100:
        return f"{sign}{hours // 24}d{hours % 24:02d}h"
    return f"{sign}{hours}:{minutes:02d}:{rest:02d}" if hours else f"{sign}{minutes}:{rest:02d}"


_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def time_ticks(scale: Scale, most: int) -> list[float]:
    """Like `ticks`, at round times."""
    span = scale.high - scale.low
    step = next((step for step in _TIME_STEPS if span / step <= most - 0.5), None)
    if step is None:
        step = 86400 * max(1, math.ceil(span / 86400 / max(1, most)))
    if span < 2:
        return ticks(scale, most)
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return [float(place * step) for place in range(first, last + 1)][: max(0, most)]
