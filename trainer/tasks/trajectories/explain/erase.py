"""What the answer loses without a camera, or without some frames in all cameras. Erased is dark: nothing was there."""

from dataclasses import dataclass

import numpy as np

from trainer.tasks.trajectories.explain.lens import Clips, Lens

BLOCK = 4  # frames that are erased together
_LENGTHS = (1, 2, 4, 8, 16, 24)


@dataclass(frozen=True)
class Erased:
    """One clip with something erased, and what was said of it."""

    cameras: tuple[int, ...]  # from 0; all of them when frames were erased
    first: int  # frames, both included
    last: int
    share: float  # of the class that is said of the whole clip
    said: int


def cameras(lens: Lens, label: int) -> list[Erased]:
    """Each camera alone."""
    count, frames = lens.clip.shape[1:3]
    return _ask(lens, label, [((camera,), 0, frames - 1) for camera in range(count)])


def blocks(lens: Lens, label: int) -> list[Erased]:
    """Each block of frames, in all cameras."""
    count, frames = lens.clip.shape[1:3]
    everywhere = tuple(range(count))
    return _ask(lens, label, [(everywhere, at, at + BLOCK - 1) for at in range(0, frames, BLOCK)])


def shortest_flip(lens: Lens, label: int) -> Erased | None:
    """The fewest frames in a row without which another class is said."""
    count, frames = lens.clip.shape[1:3]
    everywhere = tuple(range(count))
    for length in _LENGTHS:
        stride = max(1, length // 2)
        found = _ask(lens, label, [(everywhere, at, at + length - 1) for at in range(0, frames - length + 1, stride)])
        flipped = [item for item in found if item.said != label]
        if flipped:
            return min(flipped, key=lambda item: item.share)
    return None


def without(clip: Clips, cameras: tuple[int, ...], first: int, last: int) -> Clips:
    """The clip with these frames of these cameras dark."""
    changed = clip.copy()
    changed[:, list(cameras), first : last + 1] = 0
    return changed


def _ask(lens: Lens, label: int, wanted: list[tuple[tuple[int, ...], int, int]]) -> list[Erased]:
    said = lens.ask(np.concatenate([without(lens.clip, *item) for item in wanted]))
    rows = zip(wanted, said.shares, strict=True)
    return [Erased(*item, share=float(shares[label]), said=int(shares.argmax())) for item, shares in rows]
