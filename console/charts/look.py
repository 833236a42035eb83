"""What a person chose to see of charts, and how each key changes it. Pure: places are values on the axis."""

from dataclasses import dataclass, replace
from typing import get_args

from console.charts.smooth import WEIGHTS
from console.fleet.points import Axis

AXES: tuple[Axis, ...] = get_args(Axis)
NEAREST = 1e-4  # of the whole: no window is smaller
_ZOOM = 2.0
_PAN = 0.25

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """`window` None is everything; `cursor` None is no cursor; `alone` shows the charts one at a time."""

    axis: Axis = "step"
    smoothing: float = 0.0
    log: frozenset[str] = frozenset()  # titles of charts with a logarithmic axis
    window: Window | None = None
    cursor: float | None = None
    at: int = 0  # the chart that keys are for
    alone: bool = False

    @property
    def plain(self) -> bool:
        """Nothing is hidden: no window, no cursor, no chart alone."""
        return self.window is None and self.cursor is None and not self.alone


def other_axis(look: Look) -> Look:
    """Step, epoch, time. Places on one axis mean nothing on another."""
    axis = AXES[(AXES.index(look.axis) + 1) % len(AXES)]
    return replace(look, axis=axis, window=None, cursor=None)


def other_smoothing(look: Look) -> Look:
    at = WEIGHTS.index(look.smoothing) if look.smoothing in WEIGHTS else 0
    return replace(look, smoothing=WEIGHTS[(at + 1) % len(WEIGHTS)])


def toggled_log(look: Look, title: str) -> Look:
    return replace(look, log=look.log ^ {title})


def zoomed(look: Look, whole: Window, into: bool) -> Look:
    """Twice as near, or as far; around the cursor, else around the newest end in sight."""
    left, right = look.window or whole
    if look.cursor is not None and left <= look.cursor <= right:
        middle = look.cursor
    else:
        middle = right if into else (left + right) / 2
    factor = 1 / _ZOOM if into else _ZOOM
    least = (whole[1] - whole[0]) * NEAREST
    if into and (right - left) * factor < least:
        return look
    return _within(look, middle - (middle - left) * factor, middle + (right - middle) * factor, whole)


def panned(look: Look, whole: Window, by: int) -> Look:
    """A quarter of the window to one side."""
    if look.window is None:
        return look
    left, right = look.window
    step = (right - left) * _PAN * by
    return _within(look, left + step, right + step, whole)


def moved(look: Look, whole: Window, by: int, columns: int) -> Look:
    """The cursor, by columns; it first appears at an end in sight. At the edge of a window, the window goes along."""
    left, right = look.window or whole
    each = (right - left) / max(1, columns - 1)
    if look.cursor is None or not left <= look.cursor <= right:
        return replace(look, cursor=right if by < 0 else left)
    cursor = min(max(look.cursor + by * each, whole[0]), whole[1])
    over = min(0.0, cursor - left) + max(0.0, cursor - right)
    there = replace(look, cursor=cursor)
    return _within(there, left + over, right + over, whole) if over and look.window is not None else there


def unzoomed(look: Look) -> Look:
    return replace(look, window=None, cursor=None)


def _within(look: Look, left: float, right: float, whole: Window) -> Look:
    """The window, moved inside of the whole; None when it is all of it."""
    width = right - left
    if width >= (whole[1] - whole[0]) * (1 - 1e-9):
        return replace(look, window=None)
    left = min(max(left, whole[0]), whole[1] - width)
    return replace(look, window=(left, left + width))
