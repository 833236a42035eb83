"""EEGNeX between two scales: windows as the training subjects' are spread, answers in the target's own units.

What was fitted is part of the state dict: the exported weights need nothing beside them.
"""

import copy

import torch
from torch import Tensor, nn

from trainer.tasks.eeg.models.eegnex import EEGNeX, Folded, Shape


class Scaled(nn.Module):
    """[batch, channels, samples] in µV to answers [batch, outputs] (logits, for classes)."""

    mean: Tensor
    spread: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape.channels))
        self.register_buffer("spread", torch.ones(shape.channels))
        self.register_buffer("centre", torch.zeros(1))
        self.register_buffer("scale", torch.ones(1))
        self.network = EEGNeX(shape)

    def fit(self, mean: Tensor, spread: Tensor, centre: float, scale: float) -> None:
        """Means and spreads of the training subjects' channels and targets."""
        self.mean.copy_(mean)
        self.spread.copy_(spread)
        self.centre.fill_(centre)
        self.scale.fill_(scale)

    def forward(self, windows: Tensor) -> Tensor:
        out: Tensor = self.network((windows - self.mean[:, None]) / self.spread[:, None]) * self.scale + self.centre
        return out

    def folded(self) -> nn.Module:
        """A copy of the same function for inference, several times as fast."""
        found = copy.copy(self)
        found._modules = {"network": Folded(self.network)}
        found._buffers = {name: value.clone() for name, value in self.named_buffers(recurse=False)}
        return found.eval()
