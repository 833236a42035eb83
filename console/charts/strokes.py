"""What of a series stands in each column of dots. Pure.

A column keeps the first, least, greatest and last of the values that fall into it: however many points there are, the
one row of a million that jumps is drawn. What is no number breaks the line and leaves a sign.
"""

from bisect import bisect_left
from dataclasses import dataclass

from console.charts.digest import Digest
from console.charts.scale import Scale

_KEPT = 1  # window of a series: those of 200 runs are 30 MB
Stroke = tuple[int, float, float, float, float, bool]  # column, first, least, greatest, last, joined to the one before


@dataclass(frozen=True, slots=True)
class Strokes:
    """Of one series in one window."""

    columns: tuple[Stroke, ...] = ()
    signs: tuple[tuple[int, float], ...] = ()  # columns with something that is no number, and what it is

    @property
    def extent(self) -> tuple[float, float] | None:
        """Least and greatest value in sight."""
        if not self.columns:
            return None
        return min(stroke[2] for stroke in self.columns), max(stroke[3] for stroke in self.columns)


def strokes(digest: Digest, across: Scale, columns: int) -> Strokes:
    """The series between the ends of `across`, in so many columns; the same object while nothing of it changed."""
    found: Strokes | None = digest.drawn.get((across, columns))
    if found is None:
        if len(digest.drawn) >= _KEPT:
            digest.drawn.clear()
        found = digest.drawn[across, columns] = _strokes(digest, across, columns)
    return found


def _strokes(digest: Digest, across: Scale, columns: int) -> Strokes:
    xs, ys, bad = digest.xs, digest.ys, digest.bad
    start, end = digest.window(across.low, across.high)
    if start == end or columns < 1:
        return Strokes()
    width = (across.high - across.low) / max(1, columns - 1)
    if end - start <= 2 * columns:
        return _few(digest, range(start, end), across.low, width, columns)
    found: list[Stroke] = []
    signs: list[tuple[int, float]] = []
    place, before = start, -1
    while place < end:
        column = min(columns - 1, round((xs[place] - across.low) / width))
        after = end if column == columns - 1 else bisect_left(xs, across.low + (column + 0.5) * width, place + 1, end)
        if not bad:
            if after - place <= 192:
                values = ys[place:after]
                low, high = min(values), max(values)
            else:
                low, high = digest.range(place, after) or (0.0, 0.0)
            found.append((column, ys[place], low, high, ys[after - 1], place > start))
        else:
            odd, both = digest.broken(place, after), digest.range(place, after)
            if odd is not None:
                signs.append((column, odd))
            if both is not None:
                ends = [ys[at] if digest.broken(at, at + 1) is None else both[0] for at in (place, after - 1)]
                whole = before >= 0 and digest.broken(before, place) is None
                found.append((column, ends[0], *both, ends[1], whole))
                before = after - 1
        place = after
    return Strokes(tuple(found), tuple(signs))


def _few(digest: Digest, places: range, left: float, width: float, columns: int) -> Strokes:
    """Hardly more points than columns: one by one is cheaper than in slices."""
    xs, ys = digest.xs, digest.ys
    bad = digest.bad
    broken = set(bad[bisect_left(bad, places.start) : bisect_left(bad, places.stop)]) if bad else set()
    found: list[Stroke] = []
    signs: list[tuple[int, float]] = []
    joined, column_before = False, -1
    for place in places:
        column = min(columns - 1, round((xs[place] - left) / width))
        value = ys[place]
        if place in broken:
            signs.append((column, value))
            joined = False
        elif column == column_before and joined:
            _, first, low, high, _, whole = found[-1]
            found[-1] = (column, first, min(low, value), max(high, value), value, whole)
        else:
            found.append((column, value, value, value, value, joined))
            joined, column_before = True, column
    return Strokes(tuple(found), tuple(signs))
