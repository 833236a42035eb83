"""Attention per token on persistent and on transient objects: the arithmetic under the loss and the measures."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.tasks.persistence.settings import Loss


def token_coverage(cells: Tensor, tokens: int) -> Tensor:
    """Visible pixels of both kinds in each token [batch, 2, tokens], from cells [batch, 2, frames, 8, 8].

    The number of tokens tells what they are: one a frame, or a square grid of patches a frame.
    """
    batch, kinds, frames, grid, _ = cells.shape
    side = round((tokens / frames) ** 0.5)
    cells = cells.float().view(batch, kinds, frames, side, grid // side, side, grid // side)
    return cells.sum((4, 6)).flatten(2)


def shares(attention: Tensor, coverage: Tensor) -> tuple[Tensor, Tensor]:
    """Mean attention per token on persistent and on transient objects, each token weighted by what it shows of them.

    attention [batch, tokens], coverage [batch, 2, tokens] → [batch, 2], and which clips show both kinds [batch].
    """
    seen = coverage.sum(-1)
    mean = (coverage * attention[:, None]).sum(-1) / seen.clamp_min(1)
    return mean, (seen > 0).all(-1)


def attention_loss(attention: Tensor, coverage: Tensor, settings: Loss) -> Tensor:
    """The weighted extra loss of a batch, 0-d. Clips in which one kind is never visible have no say."""
    mean, both = shares(attention, coverage)
    if settings.kind == "hinge":
        # Logarithms: a ratio ten times too small is pushed as hard at 0.1 as at 0.001; the target ends it.
        log_mean = mean.clamp_min(1e-12).log()
        each = F.relu(torch.as_tensor(settings.target, device=mean.device).log() - (log_mean[:, 0] - log_mean[:, 1]))
    else:
        # In units of uniform attention, so that alpha means the same for any number of tokens.
        each = ((mean[:, 1] - mean[:, 0]) * attention.shape[-1]).clamp_min(-settings.cap)
    return settings.alpha * (each * both).sum() / both.sum().clamp_min(1)
