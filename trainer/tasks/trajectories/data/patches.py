"""The tables that CPU and GPU draw from: a ball's picture at every place, plates, noise. Whole numbers only.

A row of 64 pixels is eight words of 64 bits. A ball, up to 15 pixels wide, lies within three of them, so that 45 words
are written in place of 225 pixels. Light adds up, and never beyond 255: whole words can be added.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from trainer.data.draws import U64, words
from trainer.tasks.trajectories.data.cameras import PIXELS
from trainer.tasks.trajectories.data.scene import NOISE_TILE, REACH, UNIT
from trainer.tasks.trajectories.data.settings import Difficulty

I64 = NDArray[np.int64]
ROWS = 2 * REACH + 1  # of a patch
ACROSS = 3  # words in a row of a patch
ROW_WORDS = PIXELS // 8
PICTURE_WORDS = PIXELS * ROW_WORDS
SHIFTS = 10  # pixels between a patch's first word and its ball's first pixel: 0 to 9
KEYS = UNIT * SHIFTS * UNIT  # rows of `balls`


def brightness(difficulty: Difficulty, ball: int) -> int:
    """The grey level of a ball's middle. All of them, one over the other, in full noise, are 255 at most."""
    first = int((255 - difficulty.noise) / (1 + difficulty.clutter / 2))
    return first if ball == 0 else first // 2


@cache
def balls(peak: int) -> U64:
    """A ball's words [fine y · shift · fine x, 45]; `places` says which."""
    fine = np.arange(UNIT) - UNIT // 2
    rows = (np.arange(-REACH, REACH + 1) * UNIT)[None, :] - fine[:, None]  # [fine y, row]: distance from the middle
    columns = np.arange(8 * ACROSS)[None, :] - np.arange(SHIFTS)[:, None] - REACH
    beside = columns[:, None, :] * UNIT - fine[None, :, None]  # [shift, fine x, column]
    away = rows[:, None, None, :, None] ** 2 + beside[None, :, :, None, :] ** 2
    edge = (REACH * UNIT + UNIT // 2 - 1) ** 2
    inside = np.maximum(edge - away, 0)
    light = inside * inside // edge
    light = light * light // edge * peak // edge  # peak · (1 - r²/R²)⁴, a soft ball that ends at R
    light[np.broadcast_to(np.abs(beside)[None, :, :, None, :] > REACH * UNIT + UNIT // 2, light.shape)] = 0
    return np.asarray(light.astype(np.uint8).reshape(-1, ROWS * 8 * ACROSS).view(np.uint64))


@cache
def plate_rows() -> U64:
    """The words of a row behind a plate from `begin` to `end`: [begin, end, 8], 0 where it hides, else 255."""
    at, ends = np.arange(PIXELS), np.arange(PIXELS + 1)
    covered = (at >= ends[:, None, None]) & (at < ends[None, :, None])
    return np.where(covered, 0, 255).astype(np.uint8).view(np.uint64)


@cache
def noise_tile(noise: int) -> NDArray[np.uint8]:
    """Noise between 0 and `noise`: the mean of two even draws, so that the middle is more frequent."""
    draw = words(0x0153, np.arange(NOISE_TILE // 4), noise, 1).astype("<u8").view(np.uint8).reshape(-1, 2)
    return np.asarray(draw.astype(np.int64).sum(1) * (noise + 1) // 511).astype(np.uint8)


@cache
def noise_windows(noise: int) -> U64:
    """The tile as all the pictures that it holds, each 8 pixels further: a view, no memory of its own."""
    return np.asarray(sliding_window_view(noise_tile(noise).view(np.uint64), PICTURE_WORDS))


@cache
def offsets() -> I64:
    """Words of a patch, counted from its first one."""
    return (np.arange(ROWS)[:, None] * ROW_WORDS + np.arange(ACROSS)).reshape(-1)


def places(x: Any, y: Any) -> tuple[Any, Any]:
    """For spots in 1/16 pixel: which row of `balls`, and which word of the picture it begins at.

    For arrays of numpy and tensors of torch alike.
    """
    column, row = (x + UNIT // 2) // UNIT, (y + UNIT // 2) // UNIT
    fine_x, fine_y = x - column * UNIT + UNIT // 2, y - row * UNIT + UNIT // 2
    left = column - REACH
    word = (left // 8).clip(0, ROW_WORDS - ACROSS)
    key = (fine_y * SHIFTS + left - word * 8) * UNIT + fine_x
    return key, (row - REACH) * ROW_WORDS + word


def tables(difficulty: Difficulty) -> list[U64]:
    """The words of each ball of a picture."""
    return [balls(brightness(difficulty, ball)) for ball in range(1 + difficulty.clutter)]


@cache
def table(difficulty: Difficulty) -> U64:
    """The words of the first ball; those of every other one, all alike, `KEYS` rows below."""
    return np.concatenate(tables(difficulty)[:2])


def visible(plates: NDArray[np.uint8]) -> U64:
    """For each camera's picture the words that keep what no plate hides: [samples · cameras · 512]."""
    left, right, top, bottom = (plates[..., side].reshape(-1).astype(np.int64) for side in range(4))
    row = np.arange(PIXELS)
    hidden = (row >= top[:, None]) & (row < bottom[:, None])
    words = np.where(hidden[:, :, None], plate_rows()[left, right][:, None], np.uint64(0xFFFFFFFFFFFFFFFF))
    return words.reshape(-1)
