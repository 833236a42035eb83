"""What is to be seen of each sample, in whole numbers: rendering from these has the same bytes on any device."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from trainer.data.draws import below, words
from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS, Cameras
from trainer.tasks.trajectories.data.motion import FRAMES, drift, positions
from trainer.tasks.trajectories.data.settings import Difficulty

VERSION = 1  # of the rules from (seed, index) to pixels: part of a data set's identity
UNIT = 16  # spots are placed in 1/16 pixel
REACH = 7  # a spot's pixels are at most this far from its middle
NOISE_TILE = 1 << 20  # noise values, of which each picture is a window

_LOW, _HIGH = REACH * UNIT, (PIXELS - 1 - REACH) * UNIT


@dataclass(frozen=True)
class Scenes:
    """Many samples, one row each."""

    spots: NDArray[np.int16]  # [n, balls, cameras, frames, (x, y)] in 1/16 pixel; the first ball is the one that counts
    plates: NDArray[np.uint8]  # [n, cameras, (left, right, top, bottom)] in pixels; left = right: none
    noise: NDArray[np.int32]  # [n, cameras, frames]: where each picture's noise begins in the tile, in 8 values

    def __len__(self) -> int:
        return len(self.spots)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> "Scenes":
        return Scenes(*(getattr(self, item.name)[rows] for item in fields(self)))


def scenes(
    seed: int, index: NDArray[np.int64], places: NDArray[np.float32], cameras: Cameras, difficulty: Difficulty
) -> Scenes:
    """The scenes of these indices, whose ball is at `places` [n, frames or more, 3]."""
    balls = [places[:, :FRAMES]]
    balls += [positions(drift(seed, index, 20 + n), 0, FRAMES) for n in range(difficulty.clutter)]
    pixels = cameras.project(np.stack(balls, 1)).swapaxes(2, 3)
    spots = np.floor(pixels * float(UNIT) + 0.5).astype(np.int64)
    reach = int(difficulty.jitter * UNIT)
    if reach:
        shake = below(words(seed, index, 2, CAMERAS * FRAMES * 2), 2 * reach + 1) - reach
        spots += shake.reshape(len(index), 1, CAMERAS, FRAMES, 2)
    return Scenes(
        np.clip(spots, _LOW, _HIGH).astype(np.int16),
        _plates(seed, index, int(difficulty.occlusion * PIXELS)),
        below(words(seed, index, 4, CAMERAS * FRAMES if difficulty.noise else 0), (NOISE_TILE - PIXELS * PIXELS) // 8)
        .astype(np.int32)
        .reshape(len(index), -1, FRAMES),
    )


def _plates(seed: int, index: NDArray[np.int64], longest: int) -> NDArray[np.uint8]:
    """Plates in front of the cameras: sides from half of `longest` up to it, anywhere in the picture."""
    draw = words(seed, index, 3, CAMERAS * 4).reshape(len(index), CAMERAS, 2, 2)
    shortest = -(-longest // 2)
    length = shortest + below(draw[..., 0], longest - shortest + 1)
    begin = below(draw[..., 1], PIXELS + 1 - length)
    return np.stack([begin, begin + length], -1).reshape(len(index), CAMERAS, 4).astype(np.uint8)
