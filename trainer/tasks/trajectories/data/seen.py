"""Where the cameras see the ball: the middle of the light in each picture, and from four of them a position."""

import numpy as np
from numpy.typing import NDArray

from trainer.tasks import Report
from trainer.tasks.trajectories.data.cameras import PIXELS
from trainer.tasks.trajectories.data.patches import brightness
from trainer.tasks.trajectories.data.sine import F64
from trainer.tasks.trajectories.data.views import Views

_STEP = 16
_LEAST = 30.0  # grey levels in a whole picture below which nothing is seen


def middles(pixels: NDArray[np.uint8], dark: int) -> F64:
    """The middle of what is brighter than `dark`: [..., 64, 64] to (x, y) in pixels, NaN where nothing is."""
    row, column = np.mgrid[:PIXELS, :PIXELS].reshape(2, -1)
    weights = np.stack([column, row, np.ones_like(row)], 1).astype(np.float32)
    light = np.maximum(pixels, np.uint8(dark)).reshape(-1, PIXELS * PIXELS).astype(np.float32)
    sums = (light - np.float32(dark)) @ weights
    enough = sums[:, 2:] >= _LEAST
    found = np.where(enough, sums[:, :2] / np.where(enough, sums[:, 2:], 1.0), np.nan)
    return np.asarray(found.reshape(*pixels.shape[:-2], 2), dtype=np.float64)


def tracks(views: Views, split: str, report: Report) -> NDArray[np.float32]:
    """The positions that the pictures show, [n, 32, 3]. Frames in which fewer than two cameras see anything are filled
    in from their neighbours."""
    count = len(views.labels(split))
    out = []
    # Brighter than noise on another ball can be: only the ball that counts.
    dark = views.difficulty.noise + (brightness(views.difficulty, 1) if views.difficulty.clutter else 0)
    for first in range(0, count, _STEP):
        report(f"looking at {count:,} samples of {split}", first, count)
        pixels = views.draw(split, np.arange(first, min(first + _STEP, count)))
        seen = middles(pixels, dark).swapaxes(1, 2)
        out.append(_filled(views.cameras.triangulate(seen)))
    return np.concatenate(out)


def _filled(places: F64) -> NDArray[np.float32]:
    """Gaps by straight lines between their ends; a ball that is never seen is at the origin."""
    time = np.arange(places.shape[1])
    for row in np.flatnonzero(np.isnan(places).any((1, 2))):
        one = places[row]
        there = np.isfinite(one[:, 0])
        for axis in range(3):
            one[:, axis] = np.interp(time, time[there], one[there, axis]) if there.any() else 0.0
    return places.astype(np.float32)
