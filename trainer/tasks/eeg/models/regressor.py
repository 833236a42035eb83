"""EEGNeX between two scales: windows as the training subjects' are spread, answers in the target's own units.

What was fitted is part of the state dict: the exported weights need nothing beside them.
"""

import torch
from torch import Tensor, nn

from trainer.tasks.eeg.models.eegnex import EEGNeX, Folded, Shape

_SCALES = ("mean", "spread", "centre", "scale")


class Scales(nn.Module):
    """[batch, channels, samples] in µV to answers [batch, outputs] (logits, for classes), through a network."""

    mean: Tensor
    spread: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, scales: list[Tensor]) -> None:
        super().__init__()
        for name, value in zip(_SCALES, scales, strict=True):
            self.register_buffer(name, value)
        self.network = network

    def forward(self, windows: Tensor) -> Tensor:
        out: Tensor = self.network((windows - self.mean[:, None]) / self.spread[:, None]) * self.scale + self.centre
        return out


class Scaled(Scales):
    """What is trained."""

    network: EEGNeX

    def __init__(self, shape: Shape) -> None:
        channels = torch.zeros(shape.channels)
        super().__init__(EEGNeX(shape), [channels, channels + 1, torch.zeros(1), torch.ones(1)])

    def fit(self, mean: Tensor, spread: Tensor, centre: float, scale: float) -> None:
        """Means and spreads of the training subjects' channels and targets."""
        self.mean.copy_(mean)
        self.spread.copy_(spread)
        self.centre.fill_(centre)
        self.scale.fill_(scale)

    def folded(self) -> Scales:
        """A copy of the same function for inference, several times as fast."""
        return Scales(Folded(self.network), [getattr(self, name).clone() for name in _SCALES]).eval()
