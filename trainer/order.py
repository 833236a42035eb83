"""In which order samples are seen: a pure function of seed and epoch, so that a run can go on from any step."""

import hashlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor


def derived(seed: int, *names: str | int) -> int:
    """A seed for one purpose, independent of the seeds for all others."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def seed_everything(seed: int) -> None:
    """Set every global generator that a model or a loss may draw from."""
    random.seed(seed)
    torch.manual_seed(seed)
    import numpy as np  # noqa: PLC0415

    np.random.seed(seed % 2**32)


def epoch_order(seed: int, epoch: int, size: int) -> "Tensor":
    """All indices below `size`, shuffled for this epoch."""
    generator = torch.Generator().manual_seed(derived(seed, "order", epoch))
    return torch.randperm(size, generator=generator)


def batches(seed: int, epoch: int, size: int, batch: int, first: int = 0) -> Iterator["Tensor"]:
    """The epoch's batches from number `first` on; the last one may be smaller, so that every sample is seen once."""
    order = epoch_order(seed, epoch, size)
    for start in range(first * batch, size, batch):
        yield order[start : start + batch]


def steps_in_epoch(size: int, batch: int) -> int:
    """How many batches an epoch has."""
    return -(-size // batch)


class Part(NamedTuple):
    """Samples that go through the model at once. `weight` is that of their mean loss in the step's."""

    indices: "Tensor"
    weight: float
    samples: int  # 0 for a stand-in: a rank without samples takes part, with no weight
    last: bool  # of its step


def parts_of(indices: "Tensor", rank: int, ranks: int, count: int) -> tuple[Part, ...]:
    """A step's samples, split over the ranks and then into up to `count` parts, none of them empty.

    The mean over the ranks of what each rank sums up (a part's mean loss × its weight) is the mean loss of all samples,
    however unevenly they are split.
    """
    if ranks == count == 1:
        return (Part(indices, 1.0, len(indices), True),)
    mine = indices.tensor_split(ranks)[rank] if ranks > 1 else indices
    if not len(mine):
        return (Part(indices[:1], 0.0, 0, True),)
    pieces = [piece for piece in mine.tensor_split(count) if len(piece)] if count > 1 else [mine]
    return tuple(Part(piece, len(piece) * ranks / len(indices), len(piece), piece is pieces[-1]) for piece in pieces)


class Course:
    """The samples of every step of a run, for one of its ranks."""

    def __init__(self, seed: int, size: int, batch: int, *, rank: int = 0, ranks: int = 1, parts: int = 1) -> None:
        self._seed, self._size, self._batch = seed, size, batch
        self._rank, self._ranks, self._parts = rank, ranks, parts
        self.epoch_steps = steps_in_epoch(size, batch)
        self._epoch = -1
        self._batches: tuple[Tensor, ...] = ()

    def indices(self, step: int) -> "Tensor":
        """All samples of step number `step` (from 0)."""
        epoch, number = divmod(step, self.epoch_steps)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, epoch_order(self._seed, epoch, self._size).split(self._batch)  # type: ignore[no-untyped-call]
        return self._batches[number]

    def samples(self, step: int) -> int:
        """How many they are."""
        return min(self._batch, self._size - step % self.epoch_steps * self._batch)

    def parts(self, step: int) -> tuple[Part, ...]:
        """This rank's part of them."""
        return parts_of(self.indices(step), self._rank, self._ranks, self._parts)

    def epoch_of(self, step: int) -> int:
        """The epoch, from 1, that the step with this count belongs to; 0 before the first step."""
        return -(-step // self.epoch_steps)
