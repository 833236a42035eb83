"""What moves how: parameters from (seed, index), positions from parameters. One formula for all four classes:

    position(t) = origin + velocity t + ½ gravity t² (down) + radius (cos, sin, 0) of (phase + turn t)

A line has a velocity, a parabola gravity as well, a circle a radius and turns, a helix these and a velocity upwards.
t counts frames. World units: everything stays in a box of ± `SIDE`. z is up.
"""

import numpy as np
from numpy.typing import NDArray

from trainer.data.draws import words
from trainer.tasks.trajectories.data.settings import CLASSES, Difficulty
from trainer.tasks.trajectories.data.sine import F64, cos_sin

FRAMES = 32  # that are seen; the target is the position at t = FRAMES
SIDE = 0.62
LINEAR, CIRCULAR, HELICAL, PARABOLIC = range(len(CLASSES))
MOTION = np.dtype(
    [
        ("label", "u1"),
        ("origin", "<f8", 3),
        ("velocity", "<f8", 3),
        ("gravity", "<f8"),
        ("radius", "<f8"),
        ("turn", "<f8"),
        ("phase", "<f8"),
    ]
)

_RADIUS = (0.27, 0.5)
_TRAVEL = (0.45, 1.1)  # along the axis on which a line goes furthest
_DRIFT = (-0.45, 0.45)  # along the others


def labels(seed: int, index: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of each index. Each four (0 to 3, 4 to 7, …) has all classes: every split of fours is balanced."""
    order = np.argsort(words(seed, index // 4, 0, len(CLASSES)), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(order, (index % 4)[:, None], 1)[:, 0])


def motions(seed: int, index: NDArray[np.int64], difficulty: Difficulty) -> NDArray[np.void]:
    """The parameters of these indices, as records of `MOTION`."""
    found = np.zeros(len(index), dtype=MOTION)
    found["label"] = labels(seed, index)
    draws = unit(words(seed, index, 1, 10))
    for label, make in enumerate((_line, _circle, _helix, _parabola)):
        rows = np.flatnonzero(found["label"] == label)
        part = found[rows]
        make(part, draws[rows], difficulty)
        found[rows] = part
    return found


def positions(motion: NDArray[np.void], first: int = 0, end: int = FRAMES + 1) -> NDArray[np.float32]:
    """Where each is at frames `first` to `end`: [n, frames, 3]. The same bits on every machine: no library's sine."""
    time = np.arange(first, end, dtype=np.float64)
    cosine, sine = cos_sin(motion["phase"][:, None] + motion["turn"][:, None] * time)
    out = np.empty((len(motion), len(time), 3), dtype=np.float32)
    radius = motion["radius"][:, None]
    bows = (radius * cosine, radius * sine, motion["gravity"][:, None] * (time * time) * -0.5)
    for axis, bow in enumerate(bows):
        out[:, :, axis] = motion["origin"][:, axis, None] + motion["velocity"][:, axis, None] * time + bow
    return out


def unit(word: NDArray[np.uint64]) -> F64:
    """Numbers from 0 up to 1, of 53 bits: exact, so the same everywhere."""
    return np.asarray((word >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def drift(seed: int, index: NDArray[np.int64], stream: int) -> NDArray[np.void]:
    """Slow lines: what the balls do that are not meant."""
    found = np.zeros(len(index), dtype=MOTION)
    draws = unit(words(seed, index, stream, 6))
    for axis in range(3):
        _cross(found, axis, _between(draws[:, axis], _DRIFT), draws[:, 3 + axis])
    return found


def _line(part: NDArray[np.void], draws: F64, difficulty: Difficulty) -> None:
    furthest = np.floor(draws[:, 0] * 3)
    for axis in range(3):
        far = np.where(draws[:, 1] < 0.5, -1.0, 1.0) * _between(draws[:, 2], _TRAVEL)
        travel = np.where(furthest == axis, far, _between(draws[:, 3 + axis], _DRIFT))
        _cross(part, axis, travel, draws[:, 6 + axis])


def _parabola(part: NDArray[np.void], draws: F64, difficulty: Difficulty) -> None:
    height = _once_or_twice(draws[:, 0], difficulty.bend)
    far = np.where(draws[:, 1] < 0.5, -1.0, 1.0) * _between(draws[:, 2], _TRAVEL)
    for axis in range(2):
        travel = np.where(np.floor(draws[:, 3] * 2) == axis, far, _between(draws[:, 4], _DRIFT))
        _cross(part, axis, travel, draws[:, 5 + axis])
    rise = (draws[:, 7] - 0.5) * (2 * SIDE - height)  # from the first to the last position
    part["gravity"] = height * (8.0 / FRAMES**2)
    part["velocity"][:, 2] = rise * (1.0 / FRAMES) + part["gravity"] * (FRAMES / 2)
    low, high = np.minimum(rise, 0.0), np.maximum(rise, 0.0) + height
    part["origin"][:, 2] = -SIDE - low + draws[:, 8] * (2 * SIDE - (high - low))


def _circle(part: NDArray[np.void], draws: F64, difficulty: Difficulty) -> None:
    part["radius"] = _between(draws[:, 0], _RADIUS)
    way = np.where(draws[:, 1] < 0.5, -1.0, 1.0)
    part["turn"] = way * _once_or_twice(draws[:, 2], difficulty.arc) * (1.0 / FRAMES)
    part["phase"] = draws[:, 3]
    for axis in range(2):
        part["origin"][:, axis] = (draws[:, 4 + axis] * 2.0 - 1.0) * (SIDE - part["radius"])
    part["origin"][:, 2] = (draws[:, 6] * 2.0 - 1.0) * SIDE


def _helix(part: NDArray[np.void], draws: F64, difficulty: Difficulty) -> None:
    _circle(part, draws, difficulty)
    rise = np.where(draws[:, 7] < 0.5, -1.0, 1.0) * _once_or_twice(draws[:, 8], difficulty.pitch)
    _cross(part, 2, rise, draws[:, 6])


def _cross(part: NDArray[np.void], axis: int, travel: F64, draw: F64) -> None:
    """Cover `travel` along an axis in FRAMES frames, beginning wherever it fits into the box."""
    part["velocity"][:, axis] = travel * (1.0 / FRAMES)
    part["origin"][:, axis] = -SIDE - np.minimum(travel, 0.0) + draw * (2 * SIDE - np.abs(travel))


def _between(draw: F64, ends: tuple[float, float]) -> F64:
    return ends[0] + draw * (ends[1] - ends[0])


def _once_or_twice(draw: F64, least: float) -> F64:
    return least + draw * least
