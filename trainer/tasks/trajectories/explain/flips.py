"""The smallest change of the motion that makes the model answer otherwise: drawn as the ball would then have been seen,
and asked. Each change turns one number of the class's formula towards where another class begins.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.trajectories.data.motion import CIRCULAR, FRAMES, HELICAL, LINEAR, PARABOLIC, SIDE, positions
from trainer.tasks.trajectories.explain.lens import Lens

Motion = NDArray[np.void]  # one record in an array
Change = Callable[[Motion, float], None]  # sets a number of the motion

STEPS, HALVINGS = 24, 5


@dataclass(frozen=True)
class Knob:
    """One number of a motion: what it is, how much of it there is, and as far as which it is turned."""

    figure: str
    start: float
    end: float
    change: Change


@dataclass(frozen=True)
class Flip:
    """The first value on the way at which another class is said."""

    figure: str
    start: float
    value: float
    said: int


def flips(lens: Lens, said: int) -> list[Flip]:
    """For each knob that the motion has, where the answer turns; nothing for those with which it never does."""
    found = (_turned(lens, knob, said) for knob in knobs(lens.motion))
    return [item for item in found if item is not None]


def knobs(motion: Motion) -> list[Knob]:
    """What can be turned, by the motion's true class. World units, turns."""
    label = int(motion["label"][0])
    bend = float(motion["gravity"][0]) * FRAMES**2 / 8
    turns, rise = abs(float(motion["turn"][0])) * FRAMES, abs(float(motion["velocity"][0, 2])) * FRAMES
    return {
        LINEAR: [Knob("bend", 0.0, 0.7, _bend)],
        PARABOLIC: [Knob("bend", bend, 0.0, _bend)],
        CIRCULAR: [Knob("rise", 0.0, 0.8, _rise), Knob("turns", turns, 0.05, _turns)],
        HELICAL: [Knob("rise", rise, 0.0, _rise), Knob("turns", turns, 0.05, _turns)],
    }[label]


def _turned(lens: Lens, knob: Knob, said: int) -> Flip | None:
    values = np.linspace(knob.start, knob.end, STEPS + 1)[1:]
    answers = _answers(lens, knob, values)
    others = np.flatnonzero(answers != said)
    if not len(others):
        return None
    at = int(others[0])
    before, after, answer = float(values[at - 1]) if at else knob.start, float(values[at]), int(answers[at])
    for _ in range(HALVINGS):
        middle = (before + after) / 2
        now = int(_answers(lens, knob, np.array([middle]))[0])
        before, after, answer = (middle, after, answer) if now == said else (before, middle, now)
    return Flip(knob.figure, knob.start, after, answer)


def _answers(lens: Lens, knob: Knob, values: NDArray[np.float64]) -> NDArray[np.int64]:
    motions = np.repeat(lens.motion, len(values))
    for at, value in enumerate(values):
        knob.change(motions[at : at + 1], float(value))
    return np.asarray(lens.ask(lens.rendered(motions)).shares.argmax(1))


def _bend(motion: Motion, value: float) -> None:
    """Stand so high above the same chord, moved down where it would leave the box."""
    rise = float(motion["velocity"][0, 2]) * FRAMES - float(motion["gravity"][0]) * FRAMES**2 / 2
    motion["gravity"] = value * 8 / FRAMES**2
    motion["velocity"][0, 2] = rise / FRAMES + value * 4 / FRAMES
    _into_the_box(motion)


def _rise(motion: Motion, value: float) -> None:
    """Rise or fall by so much: the way it goes already, else to where there is more room."""
    speed, height = float(motion["velocity"][0, 2]), float(motion["origin"][0, 2])
    way = np.sign(speed) or (-1.0 if height > 0 else 1.0)
    motion["velocity"][0, 2] = way * value / FRAMES
    _into_the_box(motion)


def _turns(motion: Motion, value: float) -> None:
    motion["turn"] = np.sign(motion["turn"]) * value / FRAMES


def _into_the_box(motion: Motion) -> None:
    heights = positions(motion)[0, :, 2]
    motion["origin"][0, 2] -= max(0.0, float(heights.max()) - SIDE) - max(0.0, -SIDE - float(heights.min()))
