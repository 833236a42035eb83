"""Quantisers: features become codes, gradients pass straight through.

Lookup-free (LFQ): each channel is one bit, its sign. Finite scalar (FSQ): each channel is rounded to a few levels.
Neither has a table of codes to learn: the code is the number that its digits spell.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

_GROUP = 8  # bits whose joint use is measured together; over all bits 2 ** 18 codes would have to be weighed


class LookupFree(nn.Module):
    """Signs of `bits` channels, with the two losses that keep the codebook in use."""

    def __init__(self, bits: int, sharpness: float = 10.0) -> None:
        super().__init__()
        self.digits, self.codes, self.sharpness = bits, 2**bits, sharpness

    def forward(self, grid: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes as ±1 in the place of the features, and the losses."""
        hard = torch.where(grid > 0, 1.0, -1.0).to(grid.dtype)
        commitment = (grid - hard).square().mean()
        quantised = hard + (grid - grid.detach())  # exactly ±1, also in 16 bits; the gradient is the grid's
        return quantised, {"commitment": commitment, "entropy": self.entropy(grid.movedim(1, -1).flatten(0, -2))}

    def entropy(self, values: Tensor) -> Tensor:
        """Entropy of each value's code, and what the entropy of their mean lacks, in nats a bit.

        0 when every value is decided on its code and all codes are equally in use.
        """
        odds = torch.sigmoid(2 * self.sharpness * values.float())
        own = _binary_entropy(odds).mean()
        groups = [_joint(part) for part in torch.split(odds, _GROUP, -1)]
        used = torch.stack([(-mean * (mean + 1e-9).log()).sum() for mean in groups]).sum()
        return own + math.log(2) - used / self.digits

    def numbers(self, quantised: Tensor) -> Tensor:
        """The code of every place [batch, channels, …] as one whole number."""
        bits = (quantised > 0).long().movedim(1, -1)
        return (bits << torch.arange(self.digits, device=bits.device)).sum(-1)


class FiniteScalar(nn.Module):
    """Each channel bounded by tanh and rounded to one of its levels, from -1 to 1 (Mentzer and others, 2023)."""

    levels: Tensor

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.digits, self.codes = len(levels), math.prod(levels)
        self.register_buffer("levels", torch.tensor(levels), persistent=False)

    def forward(self, grid: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes in the place of the features; nothing needs a loss."""
        steps = self._steps(grid)
        bounded = torch.tanh(grid)
        rounded = ((bounded + 1) / 2 * steps).round() / steps * 2 - 1
        return rounded.detach() + (bounded - bounded.detach()), {}

    def numbers(self, quantised: Tensor) -> Tensor:
        """The code of every place [batch, channels, …] as one whole number."""
        digits = ((quantised + 1) / 2 * self._steps(quantised)).round().long().movedim(1, -1)
        worth = torch.cat([self.levels.new_ones(1), self.levels[:-1].cumprod(0)])
        return (digits * worth).sum(-1)

    def _steps(self, grid: Tensor) -> Tensor:
        return (self.levels - 1).to(grid.dtype).view(-1, *(1,) * (grid.ndim - 2))


def use(numbers: Tensor, codes: int) -> dict[str, float]:
    """Share of all codes that occur, and how many equally frequent codes would be as various."""
    _, counts = torch.unique(numbers, return_counts=True)
    share = counts.double() / counts.sum()
    return {"codebook_use": len(counts) / codes, "effective_codes": float((-(share * share.log()).sum()).exp())}


def _binary_entropy(odds: Tensor) -> Tensor:
    odds = odds.clamp(1e-6, 1 - 1e-6)
    return -(odds * odds.log() + (1 - odds) * (1 - odds).log())


def _joint(odds: Tensor) -> Tensor:
    """Mean probability of each of the 2 ** n codes that n bits can spell; the bits of one value are independent."""
    joint = odds.new_ones(len(odds), 1)
    for bit in odds.unbind(-1):
        joint = torch.cat([joint * (1 - bit[:, None]), joint * bit[:, None]], 1)
    return joint.mean(0)
