"""What is to be seen in each clip: which sphere is where, in which frame, how large, in which colour, and the label.

A clip is four layers of at most one sphere a frame: three for persistent spheres, the last for transient ones (two
transients never share a frame). Later layers hide earlier ones.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from trainer.data.draws import below, words

VERSION = 1  # of these rules: part of a data set's identity
FRAMES = 16
SIDE = 64
SLOTS = 3  # persistent layers
LAYERS = SLOTS + 1
TRANSIENT = SLOTS  # the layer of transients
RADII = (4, 5, 6, 7)
WHITE, RED = 0, 1
X, Y, RADIUS, COLOUR = range(4)
SHARE = 0.2  # label v1: the share of frames with a transient above which it is 1

_UNIT = 64  # positions are drawn in 1/64 pixel
_MOST = 9  # frames with a transient, at most
_LIMIT = int(SHARE * FRAMES)  # frames with a transient, at most, for label 0


@dataclass(frozen=True)
class Scenes:
    """Parameters of many clips, one row each."""

    layers: NDArray[np.uint8]  # [clips, layers, frames, (x, y, radius, colour)]; radius 0: nothing there
    transient: NDArray[np.uint8]  # [clips, frames]: number of the transient in this frame, from 1; 0: none
    label: NDArray[np.uint8]  # [clips]

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> "Scenes":
        return Scenes(self.layers[rows], self.transient[rows], self.label[rows])

    def arrays(self) -> dict[str, NDArray[np.uint8]]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def persistent_count(self) -> NDArray[np.int64]:
        return np.asarray((self.layers[:, :SLOTS, 0, RADIUS] > 0).sum(1))

    def transient_frames(self) -> NDArray[np.int64]:
        return np.asarray((self.transient > 0).sum(1))


def scenes(seed: int, index: NDArray[np.int64], labelling: str) -> Scenes:
    """The scenes of these indices. Each pair (0, 1), (2, 3), … has both labels: every even split is balanced."""
    coin = below(words(seed, index // 2, 0, 1), 2)[:, 0]
    label = (index + coin) % 2
    frames, count = _amounts(seed, index, label, labelling)
    layers = np.zeros((len(index), LAYERS, FRAMES, 4), dtype=np.uint8)
    for slot in range(SLOTS):
        draw = words(seed, index, 10 + slot, 6)
        there = (count > slot)[:, None] & np.ones(FRAMES, dtype=bool)
        # v2 takes the hint of colour away: white and red mean nothing there.
        tint = np.full(len(index), WHITE) if labelling == "v1" else below(draw[:, 5], 2)
        _put(layers[:, slot], draw, np.arange(FRAMES)[None, :], there, tint)
    transient = np.zeros((len(index), FRAMES), dtype=np.uint8)
    for number, (start, length) in enumerate(zip(*_spans(seed, index, frames), strict=True), 1):
        age = np.arange(FRAMES)[None, :] - start[:, None]
        there = (age >= 0) & (age < length[:, None])
        transient[there] = number
        draw = words(seed, index, 100 + number, 6)
        tint = np.full(len(index), RED) if labelling == "v1" else below(draw[:, 5], 2)
        _put(layers[:, TRANSIENT], draw, age, there, tint)
    return Scenes(layers, transient, label.astype(np.uint8))


def _amounts(
    seed: int, index: NDArray[np.int64], label: NDArray[np.int64], labelling: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames with a transient, and persistent spheres: one follows the label, the other does not know it."""
    draw = words(seed, index, 1, 3)
    few, many = 1 + below(draw[:, 0], _LIMIT), _LIMIT + 1 + below(draw[:, 0], _MOST - _LIMIT)
    if labelling == "v1":
        return np.where(label == 1, many, few), 1 + below(draw[:, 1], SLOTS)
    side = below(draw[:, 2], 2)
    return np.where(side == 1, many, few), np.where(label == 1, 2 + below(draw[:, 1], SLOTS - 1), 1)


def _spans(
    seed: int, index: NDArray[np.int64], frames: NDArray[np.int64]
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Starts and lengths (1 to 3; 0: no such transient) of up to `_MOST` transients covering `frames` frames in all."""
    draw = words(seed, index, 2, _MOST)
    left, lengths = frames.copy(), np.zeros((len(index), _MOST), dtype=np.int64)
    for number in range(_MOST):
        lengths[:, number] = np.minimum(1 + below(draw[:, number], 3), left)
        left = left - lengths[:, number]
    # Transients and empty frames in random order: each arrangement is as likely as any other.
    blanks = np.arange(FRAMES)[None, :] < (FRAMES - frames)[:, None]
    sizes = np.concatenate([lengths, blanks.astype(np.int64)], 1)
    order = np.argsort(words(seed, index, 3, sizes.shape[1]), axis=1, kind="stable")
    ends = np.cumsum(np.take_along_axis(sizes, order, 1), 1)
    starts = np.empty_like(sizes)
    np.put_along_axis(starts, order, ends - np.take_along_axis(sizes, order, 1), 1)
    return list(starts[:, :_MOST].T), list(lengths.T)


def _put(
    layer: NDArray[np.uint8],
    draw: NDArray[np.uint64],
    age: NDArray[np.int64],
    there: NDArray[np.bool_],
    tint: NDArray[np.int64],
) -> None:
    """One moving sphere into a layer, where it is there; it bounces off the edges and is always wholly inside."""
    radius = RADII[0] + below(draw[:, 0], len(RADII))
    low, span = radius * _UNIT, (SIDE - 1 - 2 * radius) * _UNIT
    for axis in (X, Y):
        start = below(draw[:, 1 + axis], span)
        speed = below(draw[:, 3 + axis], 4 * _UNIT + 1) - 2 * _UNIT
        turn = (start[:, None] + speed[:, None] * age) % (2 * span[:, None])
        place = np.minimum(turn, 2 * span[:, None] - turn) + low[:, None]
        layer[..., axis][there] = (place // _UNIT)[there]
    layer[..., RADIUS][there] = np.broadcast_to(radius[:, None], there.shape)[there]
    layer[..., COLOUR][there] = np.broadcast_to(tint[:, None], there.shape)[there]
