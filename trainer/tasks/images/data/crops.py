"""Which part of an image is shown: boxes as pure functions of the image's size and of (seed, epoch, row)."""

import math

import numpy as np
from numpy.typing import NDArray

from trainer.data.draws import words

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the whole image

_TRIES = 10
_RATIO = (3 / 4, 4 / 3)  # of a crop's sides, as the field has it
_UNIT = 1 / (1 << 53)


def draws(seed: int, epoch: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Numbers from 0 to 1 for each row: enough for `random_box` and a coin."""
    found = (words(seed, rows, epoch, 4 * _TRIES + 1) >> np.uint64(11)) * _UNIT
    return np.asarray(found, dtype=np.float64)


def mirrored(numbers: NDArray[np.float64]) -> bool:
    """The coin."""
    return bool(numbers[-1] < 0.5)


def random_box(width: int, height: int, smallest: float, numbers: NDArray[np.float64]) -> Box:
    """A random resized crop: area from `smallest` to all, sides 3:4 to 4:3; the centre when none fits."""
    low, high = (math.log(ratio) for ratio in _RATIO)
    for number in range(_TRIES):
        area, ratio, across, down = numbers[4 * number : 4 * number + 4].tolist()
        target = width * height * (smallest + (1 - smallest) * area)
        aspect = math.exp(low + (high - low) * ratio)
        wide, tall = round(math.sqrt(target * aspect)), round(math.sqrt(target / aspect))
        if 0 < wide <= width and 0 < tall <= height:
            left, top = int((width - wide + 1) * across), int((height - tall + 1) * down)
            return left, top, left + wide, top + tall
    ratio = width / height
    wide = width if ratio <= _RATIO[1] else round(height * _RATIO[1])
    tall = height if ratio >= _RATIO[0] else round(width / _RATIO[0])
    left, top = (width - wide) // 2, (height - tall) // 2
    return left, top, left + wide, top + tall


def centre_box(width: int, height: int, side: int, shorter: int) -> Box:
    """What a resize of the shorter side to `shorter` and a cut of `side` × `side` from the centre would show."""
    part = min(width, height) * side / shorter
    left, top = (width - part) / 2, (height - part) / 2
    return left, top, left + part, top + part
