"""In which order samples are seen: a pure function of seed and epoch, so that a run can go on from any step."""

import hashlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

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
