"""Scenes to pixels on a CPU: table look-ups into buffers that are used again."""

import numpy as np
from numpy.typing import NDArray

from trainer.data.draws import U64
from trainer.tasks.trajectories.data import patches
from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.patches import I64, PICTURE_WORDS
from trainer.tasks.trajectories.data.scene import REACH, UNIT, Scenes
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
        self._table = patches.table(difficulty)
        # Fresh memory costs more, by its page faults, than what is written into it.
        shape = (min(most, STEP), 1 + difficulty.clutter, PICTURES, len(patches.offsets()))
        self._light, self._where = np.empty(shape, dtype=np.uint64), np.empty(shape, dtype=np.int64)

    def draw(self, scenes: Scenes) -> NDArray[np.uint8]:
        """Pixels [samples, cameras, frames, 64, 64]."""
        assert len(scenes) <= self.most
        words = self.next()
        for first in range(0, len(scenes), STEP):
            self._draw(scenes[slice(first, first + STEP)], words, first * SAMPLE_WORDS)
        return self.pixels(len(scenes))

    def _draw(self, scenes: Scenes, words: U64, at: int) -> None:
        """The samples whose first word is number `at`. Each is finished while its words are in the cache."""
        begin, light = lights(scenes, self.difficulty, self._table, self._light[: len(scenes)])
        first = np.arange(len(scenes) * PICTURES).reshape(-1, 1, PICTURES) * PICTURE_WORDS + at
        where = np.add((begin + first)[..., None], patches.offsets(), out=self._where[: len(scenes)])
        if self.difficulty.packed:
            words[where] = light
        else:
            for sample in range(len(scenes)):
                if self.difficulty.noise:
                    start = at + sample * SAMPLE_WORDS
                    _noise(scenes.noise[sample], words[start : start + SAMPLE_WORDS], self.difficulty.noise)
                np.add.at(words, where[sample].reshape(-1), light[sample].reshape(-1))
        if not self.difficulty.noise:
            self.will_darken(where.copy())


def windows(scenes: Scenes, difficulty: Difficulty) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """All that is not black, where one ball is all there is: of each picture a window's first word and its 45 words."""
    assert difficulty.packed
    begin, light = lights(scenes, difficulty, patches.table(difficulty))
    return begin[:, 0].astype(np.uint16), light[:, 0].view(np.uint8)


def lights(scenes: Scenes, difficulty: Difficulty, table: U64, out: U64 | None = None) -> tuple[I64, U64]:
    """Of each picture the first words that the balls may light [samples, balls, pictures], and the 45 from there on."""
    spots = scenes.spots.reshape(len(scenes), -1, PICTURES, 2).astype(np.int32)
    key, begin = patches.places(spots[..., 0], spots[..., 1])
    key[:, 1:] += patches.KEYS  # the other balls stand below the first in the table
    light: U64 = np.take(table, key, axis=0, out=out, mode="clip")
    begin = begin.astype(np.int64)
    if difficulty.occlusion:
        _hide(scenes, spots, begin, light.reshape(-1, light.shape[-1]))
    return begin, light


def _hide(scenes: Scenes, spots: NDArray[np.int32], begin: I64, light: U64) -> None:
    """Take the light that plates hide; most balls are in front of none."""
    plates = scenes.plates.astype(np.int32)[:, None, :, None] * UNIT  # in the spots' unit
    x, y = np.moveaxis(spots.reshape(*spots.shape[:2], CAMERAS, FRAMES, 2), -1, 0)
    before, behind = REACH * UNIT + UNIT // 2, REACH * UNIT - UNIT // 2  # how far from its spot a ball's first and last
    across = (x + before >= plates[..., 0]) & (x - behind < plates[..., 1])  # pixels may begin and end
    hit = np.flatnonzero(across & (y + before >= plates[..., 2]) & (y - behind < plates[..., 3]))
    sample, picture = hit // (spots.shape[1] * PICTURES), hit % PICTURES
    view = (sample * CAMERAS + picture // FRAMES) * PICTURE_WORDS
    light[hit] &= patches.visible(scenes.plates)[(begin.reshape(-1)[hit] + view)[:, None] + patches.offsets()]


def _noise(begin: NDArray[np.int32], words: U64, noise: int) -> None:
    """Every picture begins as its window of the tile."""
    words.reshape(PICTURES, PICTURE_WORDS)[:] = patches.noise_windows(noise)[begin.reshape(-1)]
