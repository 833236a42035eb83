"""The motion that the cameras see, fitted with each class's formula by least squares.

    line       origin + velocity t                                         6 numbers
    circle     origin + radius (cos, sin) of (phase + turn t), level       6
    helix      the same, rising                                            7
    parabola   origin + velocity t - ½ gravity t² upwards                  7

A formula with one more number always fits a little better: what counts is by how much (Bayes' criterion).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.trajectories.data.motion import CIRCULAR, FRAMES, HELICAL, LINEAR, PARABOLIC
from trainer.tasks.trajectories.data.settings import CLASSES

F64 = NDArray[np.float64]

_NUMBERS = {LINEAR: 6, CIRCULAR: 6, HELICAL: 7, PARABOLIC: 7}
_FLOOR = 1e-4  # world units: below what the cameras' pixels can tell
_TURNS = np.linspace(0.12, 3.2, 155)  # tried in FRAMES frames, both ways


@dataclass(frozen=True)
class Fit:
    """One class's formula through the positions."""

    label: int
    residual: float  # root mean square distance, world units
    figures: dict[str, float]  # what the formula found: speed, bend, radius, turns, rise
    score: float  # Bayes' criterion; the smallest is the likeliest

    @property
    def name(self) -> str:
        return CLASSES[self.label]


def fits(places: F64) -> list[Fit]:
    """All four, in the order of CLASSES. `places`: [frames, 3]; frames in which nothing was seen are NaN."""
    seen = np.isfinite(places).all(1)
    time = np.arange(len(places), dtype=np.float64)[seen]
    found = places[seen]
    if len(found) < 8:
        return []
    turn = min(np.concatenate([_TURNS, -_TURNS]), key=lambda turns: _circle(found, time, turns, level=True)[0])
    made = [_line(found, time), _round(found, time, turn, CIRCULAR), _round(found, time, turn, HELICAL)]
    return [*made, _parabola(found, time)]


def _line(places: F64, time: F64) -> Fit:
    terms = np.stack([np.ones_like(time), time], 1)
    solved, misses = _solve(terms, places)
    return _fit(LINEAR, misses, len(time), {"speed": float(np.linalg.norm(solved[1])) * FRAMES})


def _parabola(places: F64, time: F64) -> Fit:
    """Straight in x and y, a parabola upwards. `bend`: how high it stands above its chord."""
    straight = np.stack([np.ones_like(time), time], 1)
    _solved, level = _solve(straight, places[:, :2])
    solved, height = _solve(np.stack([np.ones_like(time), time, time * time], 1), places[:, 2:])
    bend = -float(solved[2, 0]) * FRAMES**2 / 4
    return _fit(PARABOLIC, level + height, len(time), {"bend": bend})


def _round(places: F64, time: F64, near: float, label: int) -> Fit:
    """A circle or a helix, its turning found by golden section around the best of the coarse search."""
    level = label == CIRCULAR
    step = float(_TURNS[1] - _TURNS[0])
    low, high, ratio = near - step, near + step, (math.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if _circle(places, time, left, level=level)[0] < _circle(places, time, right, level=level)[0]:
            high = right
        else:
            low = left
    turns = (low + high) / 2
    misses, radius, rise = _circle(places, time, turns, level=level)
    figures = {"radius": radius, "turns": abs(turns)} | ({} if level else {"rise": abs(rise)})
    return _fit(label, misses, len(time), figures)


def _circle(places: F64, time: F64, turns: float, *, level: bool) -> tuple[float, float, float]:
    """Squared misses, radius and rise of a circle (`level`) or helix that turns so often: linear once that is known."""
    angle = 2 * math.pi * turns / FRAMES * time
    one, nothing = np.ones_like(time), np.zeros_like(time)
    cosine, sine = np.cos(angle), np.sin(angle)
    terms = np.concatenate([np.stack([one, nothing, cosine, -sine], 1), np.stack([nothing, one, sine, cosine], 1)])
    flat, misses = _solve(terms, np.concatenate([places[:, 0], places[:, 1]])[:, None])
    upward = one[:, None] if level else np.stack([one, time], 1)
    height, more = _solve(upward, places[:, 2:])
    rise = 0.0 if level else float(height[1, 0]) * FRAMES
    return misses + more, math.hypot(float(flat[2, 0]), float(flat[3, 0])), rise


def _solve(terms: F64, wanted: F64) -> tuple[F64, float]:
    solved: F64 = np.asarray(np.linalg.lstsq(terms, wanted, rcond=None)[0], dtype=np.float64)
    return solved, float(((wanted - terms @ solved) ** 2).sum())


def _fit(label: int, misses: float, frames: int, figures: dict[str, float]) -> Fit:
    residual = math.sqrt(misses / frames)
    score = 3 * frames * math.log(max(residual, _FLOOR) ** 2) + _NUMBERS[label] * math.log(3 * frames)
    return Fit(label, residual, figures, score)
