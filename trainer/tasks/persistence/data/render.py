"""Scenes to pixels and coverage: integer arithmetic and table look-ups, so that clips are the same everywhere."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.persistence.data.scene import COLOUR, FRAMES, LAYERS, RADII, RADIUS, SIDE, TRANSIENT, Scenes, X, Y

CELL = 8  # coverage is counted in cells of 8 × 8 pixels
GRID = SIDE // CELL
CLIP_SHAPE = (FRAMES, 3, SIDE, SIDE)
CLIP_BYTES = FRAMES * 3 * SIDE * SIDE
PERSISTENT_BIT, TRANSIENT_BIT = 0x01, 0x10  # of a pixel's mark: a half byte each, so that eight rows can be added
_TINTS = ((100, 100, 100), (100, 16, 14))  # percent of red, green, blue in white and red spheres
_PIXELS = SIDE * SIDE
_ONES = np.uint64(0x0101010101010101)
_LOW = np.uint64(0x0F0F0F0F0F0F0F0F)


class Renderer:
    """Draws up to `most` clips at once into buffers used in turn: what it gives out holds for `ring - 1` more calls."""

    def __init__(self, most: int, ring: int = 3) -> None:
        self._pixels = [np.zeros((most, *CLIP_SHAPE), dtype=np.uint8) for _ in range(ring)]
        self._marks = np.zeros((most, FRAMES, SIDE, SIDE), dtype=np.uint8)
        self._turn = 0
        self.most = most

    def draw(self, scenes: Scenes, erase: str = "") -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Pixels [clips, 16, 3, 64, 64] and coverage [clips, 2, 16, 8, 8]: visible pixels of persistent and transient
        spheres in each cell. `erase` leaves out "persistent" or "transient" ones, as if they had never been there."""
        assert len(scenes) <= self.most
        self._turn = (self._turn + 1) % len(self._pixels)
        pixels = self._pixels[self._turn][: len(scenes)]
        marks = self._marks[: len(scenes)]
        pixels[...] = 0
        marks[...] = 0
        for layer in range(LAYERS):
            if erase != ("transient" if layer == TRANSIENT else "persistent"):
                bit = TRANSIENT_BIT if layer == TRANSIENT else PERSISTENT_BIT
                _stamp(pixels.reshape(-1), marks.reshape(-1), scenes.layers[:, layer], bit)
        return pixels, coverage(marks)


def coverage(marks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels with each of the two marks in every cell: [clips, frames, 64, 64] to [clips, 2, frames, 8, 8]."""
    # Eight pixels at once: rows of a cell are added byte by byte, then the product's top byte is the sum of all bytes.
    rows = marks.view(np.uint64).reshape(*marks.shape[:2], GRID, CELL, GRID)
    out = np.empty((len(marks), 2, marks.shape[1], GRID, GRID), dtype=np.uint8)
    total = rows[:, :, :, 0].copy()
    for row in range(1, CELL):
        total += rows[:, :, :, row]
    for place, shift in enumerate((0, 4)):
        out[:, place] = (((total >> np.uint64(shift)) & _LOW) * _ONES) >> np.uint64(56)
    return out


def _stamp(pixels: NDArray[np.uint8], marks: NDArray[np.uint8], layer: NDArray[np.uint8], bit: int) -> None:
    """One layer's spheres. Within a layer no two share a frame, so that the order of writing cannot matter."""
    size = layer[..., RADIUS]
    for radius in RADII:
        clip, frame = np.nonzero(size == radius)
        if not len(clip):
            continue
        sphere = layer[clip, frame].astype(np.int64)
        offsets, colours = _sprite(radius)
        image = clip * FRAMES + frame
        inside = (sphere[:, Y] * SIDE + sphere[:, X])[:, None] + offsets
        marks[inside + image[:, None] * _PIXELS] = bit
        inside += image[:, None] * (3 * _PIXELS)
        values = colours[sphere[:, COLOUR]]
        for channel in range(3):
            pixels[inside] = values[:, channel]
            inside += _PIXELS


@cache
def _sprite(radius: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """A lit ball: offsets of its pixels from the centre, and their values [colour, channel, pixel]."""
    across = np.arange(-radius, radius + 1)
    y, x = (part.reshape(-1) for part in np.meshgrid(across, across, indexing="ij"))
    disc = x * x + y * y <= radius * radius + radius // 2
    y, x = y[disc], x[disc]
    # The light comes from the upper left: brightness falls with the distance from a spot a third of the way there.
    away = (3 * x + radius) ** 2 + (3 * y + radius) ** 2
    shade = 255 - (150 * away) // (32 * radius * radius)
    colours = np.stack([np.stack([shade * part // 100 for part in tint]) for tint in _TINTS])
    return y * SIDE + x, np.clip(colours, 0, 255).astype(np.uint8)
