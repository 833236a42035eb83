"""What is known of a growing series, so that a repaint never looks at all of its points again.

Least and greatest value by blocks of points, where values are no finite numbers, and whether the points are in order.
A series that only grew is looked at from where it ended; one that was replaced is looked at anew.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence
from typing import Any

from console.charts.scale import LARGEST
from console.charts.smooth import Smoothed

BLOCK = 64  # points
_PROBES = 8  # places besides the last at which a series that grew must still be what it was

Points = tuple[Sequence[float], Sequence[float]]


class Digest:
    """One series. `xs` are in order and finite, whatever came."""

    __slots__ = ("_as_came", "_count", "_end", "_known", "bad", "drawn", "highs", "lows", "smoothed", "xs", "ys")

    def __init__(self) -> None:
        self.xs: Sequence[float] = ()
        self.ys: Sequence[float] = ()
        self.lows: list[float] = []  # of each whole block; inf and -inf where it has no number at all
        self.highs: list[float] = []
        self.bad: list[int] = []  # places of what is no finite number
        self.smoothed: dict[float, tuple[Smoothed, Digest]] = {}
        self.drawn: dict[Hashable, Any] = {}  # what was last made of it, until it changes
        self._count = 0  # points that were handed in so far
        self._end = 0.0  # where the last of them stands
        self._as_came = True  # they were in order: nothing had to be copied
        self._known: list[tuple[int, float, float]] = []

    def __len__(self) -> int:
        return len(self.xs)

    def take(self, points: Points) -> "Digest":
        """The series as it is now; itself, unless it was replaced by another one."""
        xs, ys = points
        begun = self._count  # not the length of what is held: that may be one list that grows
        if len(ys) == begun and self._unchanged(xs, ys):
            return self
        if len(ys) < begun or not self._unchanged(xs, ys):
            self.__init__()  # type: ignore[misc]
            begun = 0
        self.drawn.clear()
        fresh = list(xs[begun:])
        ordered = not begun or not fresh or self._end <= fresh[0]
        if self._as_came and ordered and fresh == sorted(fresh) and all(map(_finite, fresh[:1] + fresh[-1:])):
            self.xs, self.ys = xs, ys
            self._end = fresh[-1] if fresh else self._end
        else:  # a writer whose steps jump: its points in order, and all blocks anew
            pairs = sorted((x, y) for x, y in zip(xs, ys, strict=True) if _finite(x))
            self.xs, self.ys = [x for x, _ in pairs], [y for _, y in pairs]
            self.lows, self.highs, self.bad, self.smoothed, self._as_came = [], [], [], {}, False
        self._look(len(self.lows) * BLOCK)
        self._count = len(ys)
        places = {len(ys) * part // _PROBES for part in range(_PROBES)} | {len(ys) - 1}
        self._known = [(place, xs[place], ys[place]) for place in sorted(places) if 0 <= place < len(ys)]
        return self

    def smooth(self, weight: float) -> "Digest":
        """The same series, smoothed."""
        found = self.smoothed.get(weight)
        if found is None:
            found = self.smoothed[weight] = (Smoothed(weight), Digest())
        smoothed, digest = found
        return digest.take((self.xs, smoothed.of(self.ys)))

    def range(self, start: int, end: int) -> tuple[float, float] | None:
        """Least and greatest finite value of these points."""
        if end - start <= 3 * BLOCK:
            return self._plain(start, end)
        first, last = -(-start // BLOCK), end // BLOCK
        low, high = min(self.lows[first:last]), max(self.highs[first:last])
        for edge in (self._plain(start, first * BLOCK), self._plain(last * BLOCK, end)):
            if edge is not None:
                low, high = min(low, edge[0]), max(high, edge[1])
        return (low, high) if low <= high else None

    def broken(self, start: int, end: int) -> float | None:
        """The first value of these points that is no finite number, if there is one."""
        place = bisect_left(self.bad, start)
        return self.ys[self.bad[place]] if place < len(self.bad) and self.bad[place] < end else None

    def window(self, left: float, right: float) -> tuple[int, int]:
        """The points between, as start and end."""
        return bisect_left(self.xs, left), bisect_right(self.xs, right)

    def nearest(self, x: float) -> int | None:
        """The point nearest to a place on the axis; of several at one place the newest."""
        if not len(self.xs):
            return None
        after = bisect_right(self.xs, x)
        if after == 0:
            return bisect_right(self.xs, self.xs[0]) - 1
        if after == len(self.xs) or x - self.xs[after - 1] <= self.xs[after] - x:
            return after - 1
        return bisect_right(self.xs, self.xs[after]) - 1

    def _unchanged(self, xs: Sequence[float], ys: Sequence[float]) -> bool:
        return len(xs) == len(ys) and all(_same(xs[place], x) and _same(ys[place], y) for place, x, y in self._known)

    def _plain(self, start: int, end: int) -> tuple[float, float] | None:
        values = self.ys[start:end]
        if self.bad and self.broken(start, end) is not None:
            values = [value for value in values if _finite(value)]
        return (min(values), max(values)) if values else None

    def _look(self, start: int) -> None:
        """At what came since: whole blocks, and bad values everywhere."""
        ys = self.ys
        self.bad = self.bad[: bisect_left(self.bad, start)]
        for begin in range(start, len(ys), BLOCK):
            values = ys[begin : begin + BLOCK]
            low, high = min(values), max(values)
            if not (low > -LARGEST and high < LARGEST and math.isfinite(sum(values))):
                self.bad += [begin + place for place, value in enumerate(values) if not _finite(value)]
                fine = [value for value in values if _finite(value)]
                low, high = (min(fine), max(fine)) if fine else (math.inf, -math.inf)
            if len(values) == BLOCK:
                self.lows.append(low)
                self.highs.append(high)


class Digests:
    """Digests of many series, by what they are known by."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Digest] = {}

    def of(self, key: Hashable, points: Points) -> Digest:
        digest = self._known.get(key)
        if digest is None:
            digest = self._known[key] = Digest()
        return digest.take(points)

    def keep(self, keys: set[Hashable]) -> None:
        """Forget all others."""
        if len(self._known) > 2 * len(keys) + 100:
            self._known = {key: digest for key, digest in self._known.items() if key in keys}


def _finite(value: float) -> bool:
    return -LARGEST < value < LARGEST


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
