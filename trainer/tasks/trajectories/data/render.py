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
STEP = 16  # samples drawn at once: their buffer stays in the processor's cache


class Renderer:
    """Draws up to `most` samples a call, into buffers used in turn: a result holds for `ring - 1` more calls."""

    def __init__(self, most: int, difficulty: Difficulty, ring: int = 3) -> None:
        self.most, self.difficulty = most, difficulty
        self._words = [np.zeros(most * SAMPLE_WORDS, dtype=np.uint64) for _ in range(ring)]
        self._lit: list[list[I64]] = [[] for _ in range(ring)]  # words that are not 0 in a buffer
        self._turn = 0
        self._tables = patches.tables(difficulty)

    def draw(self, scenes: Scenes) -> NDArray[np.uint8]:
        """Pixels [samples, cameras, frames, 64, 64]."""
        assert len(scenes) <= self.most
        self._turn = (self._turn + 1) % len(self._words)
        words, lit = self._words[self._turn], self._lit[self._turn]
        for where in lit:
            words[where] = 0
        lit.clear()
        for first in range(0, len(scenes), STEP):
            part = scenes[slice(first, first + STEP)]
            if self.difficulty.noise:
                self._noise(part, words[first * SAMPLE_WORDS :])
            for ball in range(len(self._tables)):
                where, light = self._ball(part, ball)
                where += first * SAMPLE_WORDS
                if self.difficulty.packed:
                    words[where] = light
                else:
                    words[where] += light
                if not self.difficulty.noise:
                    lit.append(where)
        return words.view(np.uint8).reshape(-1, *SHAPE)[: len(scenes)]

    def _noise(self, scenes: Scenes, words: U64) -> None:
        """Every picture begins as its window of the tile."""
        windows = sliding_window_view(patches.noise_tile(self.difficulty.noise).view(np.uint64), PICTURE_WORDS)
        pictures = words[: len(scenes) * SAMPLE_WORDS].reshape(len(scenes), PICTURES, PICTURE_WORDS)
        for picture, begin in zip(pictures, scenes.noise.reshape(len(scenes), -1), strict=True):
            picture[:] = windows[begin]

    def _ball(self, scenes: Scenes, ball: int) -> tuple[I64, U64]:
        """Which words one ball of each picture lights, and its light there."""
        spots = scenes.spots[:, ball].astype(np.int64).reshape(-1, 2)
        key, inside = patches.places(spots[:, 0], spots[:, 1])
        light = self._tables[ball][key]
        within = inside[:, None] + patches.offsets()
        if self.difficulty.occlusion:
            behind = np.repeat(patches.visible(scenes.plates), FRAMES, 0)
            light &= np.take_along_axis(behind, within, 1)
        within += np.arange(len(inside))[:, None] * PICTURE_WORDS
        return within, light
