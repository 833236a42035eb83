"""What stands at the cursor: values of every curve, and the place in words. Pure."""

from bisect import bisect_left
from collections.abc import Sequence

from console import format as fmt
from console.charts.digest import Digest
from console.charts.look import AXES
from console.charts.panel import Series
from console.charts.scale import clock
from console.fleet.points import Axis

_NEAR = 0.5  # of the mean distance of a curve's points: farther away, the curve says nothing of this place


def values(digests: Sequence[Digest], x: float, width: float) -> list[float | None]:
    """The value of each curve at the point nearest to x; None where a curve has not begun or is over."""
    return [_value(digest, x, width) for digest in digests]


def _value(digest: Digest, x: float, width: float) -> float | None:
    place = digest.nearest(x)
    if place is None:
        return None
    reach = max(width, _NEAR * (digest.xs[-1] - digest.xs[0]) / max(1, len(digest) - 1) + width)
    if x < digest.xs[0] - reach or x > digest.xs[-1] + reach:
        return None
    return digest.ys[place]


def place_words(series: Sequence[Series], axis: Axis, x: float) -> str:
    """Where the cursor is on every axis: step 7,480 · epoch 15 · 12:05. Taken from the nearest point of any curve."""
    near = [(abs(xs[at] - x), one, at) for one in series for xs in (one.points(axis)[0],) if (at := _at(xs, x)) >= 0]
    found: dict[Axis, float] = {axis: x}
    if near:
        _, one, at = min(near, key=lambda item: item[0])
        found = {other: places[at] for other in AXES if at < len(places := one.points(other)[0])}
    words = [f"step {fmt.count(found['step'])}"] if "step" in found else []
    if "epoch" in found:
        words.append(f"epoch {found['epoch']:.4g}")
    return " · ".join([*words, *([clock(found["time"])] if "time" in found else [])])


def _at(xs: Sequence[float], x: float) -> int:
    """The place of the value nearest to x; -1 where there is none."""
    after = bisect_left(xs, x)
    near = [place for place in (after - 1, after) if 0 <= place < len(xs)]
    return min(near, key=lambda place: abs(xs[place] - x), default=-1)
