"""Scenes to pixels on a CPU: table look-ups into buffers that are used again."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from trainer.data.draws import U64
from trainer.tasks.trajectories.data import patches
from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.patches import I64, PICTURE_WORDS
from trainer.tasks.trajectories.data.scene import Scenes
from trainer.tasks.trajectories.data.settings import Difficulty

SHAPE = (CAMERAS, FRAMES, PIXELS, PIXELS)
PICTURES = CAMERAS * FRAMES
SAMPLE_WORDS = PICTURES * PICTURE_WORDS
STEP = 8  # samples drawn at once: what they need stays in the processor's cache


class Buffers:
    """Pixels of up to `most` samples, in buffers used in turn: a result holds for `ring - 1` more turns."""

    def __init__(self, most: int, ring: int = 3) -> None:
        self.most = most
        self._words = [np.zeros(most * SAMPLE_WORDS, dtype=np.uint64) for _ in range(ring)]
        self._lit: list[list[I64]] = [[] for _ in range(ring)]  # words that are not 0
        self._turn = 0

    def next(self) -> U64:
        """The next buffer's words, as dark as it was left."""
        self._turn = (self._turn + 1) % len(self._words)
        words, lit = self._words[self._turn], self._lit[self._turn]
        for where in lit:
            words[where] = 0
        lit.clear()
        return words

    def will_darken(self, where: I64) -> None:
        """Words to be 0 again when this buffer's turn comes."""
        self._lit[self._turn].append(where)

    def pixels(self, count: int) -> NDArray[np.uint8]:
        """The current buffer's first samples: [count, cameras, frames, 64, 64]."""
        return self._words[self._turn].view(np.uint8).reshape(-1, *SHAPE)[:count]

    def unpack(self, begin: NDArray[np.uint16], light: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pixels from `windows`."""
        words = self.next()
        count = len(begin)
        where = begin.reshape(-1).astype(np.int64) + np.arange(count * PICTURES) * PICTURE_WORDS
        inside = where[:, None] + patches.offsets()
        words[inside] = light.view(np.uint64).reshape(inside.shape)
        self.will_darken(inside)
        return self.pixels(count)


class Renderer(Buffers):
    """Draws up to `most` samples a call."""

    def __init__(self, most: int, difficulty: Difficulty, ring: int = 3) -> None:
        super().__init__(most, ring)
        self.difficulty = difficulty
        self._tables = patches.tables(difficulty)

    def draw(self, scenes: Scenes) -> NDArray[np.uint8]:
        """Pixels [samples, cameras, frames, 64, 64]."""
        assert len(scenes) <= self.most
        words = self.next()
        for first in range(0, len(scenes), STEP):
            self._draw(scenes[slice(first, first + STEP)], words[first * SAMPLE_WORDS :], first * SAMPLE_WORDS)
        return self.pixels(len(scenes))

    def _draw(self, scenes: Scenes, words: U64, at: int) -> None:
        if self.difficulty.noise:
            _noise(scenes, words, self.difficulty.noise)
        for ball, table in enumerate(self._tables):
            begin, light = lights(scenes, ball, table, plates=self.difficulty.occlusion > 0)
            where = (begin + np.arange(len(begin)) * PICTURE_WORDS)[:, None] + patches.offsets()
            if self.difficulty.packed:
                words[where] = light
            else:
                words[where] += light
            if not self.difficulty.noise:
                self.will_darken(where + at)


def windows(scenes: Scenes, difficulty: Difficulty) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """All that is not black, where one ball is all there is: of each picture a window's first word and its 45 words."""
    assert difficulty.packed
    begin, light = lights(scenes, 0, patches.tables(difficulty)[0], plates=difficulty.occlusion > 0)
    shape = len(scenes), PICTURES
    return begin.astype(np.uint16).reshape(shape), light.view(np.uint8).reshape(*shape, -1)


def lights(scenes: Scenes, ball: int, table: U64, *, plates: bool) -> tuple[I64, U64]:
    """Of each picture the first word that the ball may light, and its light in the 45 words from there."""
    spots = scenes.spots[:, ball].astype(np.int64).reshape(-1, 2)
    key, begin = patches.places(spots[:, 0], spots[:, 1])
    light = table[key]
    if plates:
        views = np.arange(len(begin)) // FRAMES * PICTURE_WORDS
        light &= patches.visible(scenes.plates)[(begin + views)[:, None] + patches.offsets()]
    return begin, light


def _noise(scenes: Scenes, words: U64, noise: int) -> None:
    """Every picture begins as its window of the tile."""
    tile = sliding_window_view(patches.noise_tile(noise).view(np.uint64), PICTURE_WORDS)
    pictures = words[: len(scenes) * SAMPLE_WORDS].reshape(len(scenes), PICTURES, PICTURE_WORDS)
    for picture, begin in zip(pictures, scenes.noise.reshape(len(scenes), -1), strict=True):
        picture[:] = tile[begin]
