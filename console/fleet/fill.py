"""How fast a disk fills, from what was seen of it. Pure.

A line through the last hours by least squares: checkpoints that come and go are noise around it. After a large fall
(somebody has tidied up) the past counts no more. No rate is told that the figures do not clearly show.
"""

from dataclasses import dataclass, replace

POINTS = 120
SOONEST_S, LATEST_S = 10.0, 160.0  # between points, at first and after hours
FALL = 0.02  # of the disk's size: more than this at once is not a checkpoint that was replaced
_LEAST_POINTS, _LEAST_SPAN_S, _LEAST_GROWTH = 6, 60.0, 8 * 2**20
_CLEAR = 0.6  # share of the movement that the line explains
FARTHEST_S = 365 * 86400.0
FORESIGHT = (
    60.0  # a minute that was seen tells of an hour: somebody who copies for two minutes does not go on all night
)


@dataclass(frozen=True, slots=True)
class Fill:
    """Points (seconds of the host's steady clock, bytes used), oldest first, and the rate that they show."""

    points: tuple[tuple[float, int], ...] = ()
    every: float = SOONEST_S
    rate: float | None = None  # bytes per second; None: it does not fill, or nobody can say


def noted(fill: Fill, moment: float, used: int, total: int) -> Fill:
    """With one more figure, when it is time for one."""
    points = fill.points
    if points and moment < points[-1][0]:
        points = ()  # the host was started again
    if points and moment - points[-1][0] < fill.every:
        return fill
    if points and points[-1][1] - used > FALL * total:
        points = ()
    points, every = (*points, (moment, used)), fill.every
    if len(points) > POINTS and every < LATEST_S:
        points, every = points[::2], 2 * every
    points = points[-POINTS:]
    return replace(fill, points=points, every=every, rate=_rate(points))


def full_in(fill: Fill | None, free: int) -> float | None:
    """Seconds until nothing is free, at this rate."""
    if fill is None or fill.rate is None or fill.rate <= 0:
        return None
    seconds, seen = free / fill.rate, fill.points[-1][0] - fill.points[0][0]
    return seconds if seconds < min(FARTHEST_S, FORESIGHT * seen) else None


def _rate(points: tuple[tuple[float, int], ...]) -> float | None:
    if len(points) < _LEAST_POINTS or points[-1][0] - points[0][0] < _LEAST_SPAN_S:
        return None
    start, base = points[0]
    times, sizes = [moment - start for moment, _ in points], [float(used - base) for _, used in points]
    middle, mean = sum(times) / len(times), sum(sizes) / len(sizes)
    across = sum((moment - middle) ** 2 for moment in times)
    along = sum((moment - middle) * (size - mean) for moment, size in zip(times, sizes, strict=True))
    up = sum((size - mean) ** 2 for size in sizes)
    if along <= 0 or not up:
        return None
    slope = along / across
    clear = along * along / (across * up) >= _CLEAR and slope * times[-1] >= _LEAST_GROWTH
    return slope if clear else None
