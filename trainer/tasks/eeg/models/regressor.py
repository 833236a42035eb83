"""EEGNeX between two scales: windows as the training subjects' are spread, answers in the target's own units.

What was fitted is part of the state dict: the exported weights need nothing beside them.
"""

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

    def normal(self, windows: Tensor) -> Tensor:
        """What the network sees."""
        return (windows - self.mean[:, None]) / self.spread[:, None]

    def answer(self, seen: Tensor) -> Tensor:
        """From what the network sees to the answer in the target's units."""
        out: Tensor = self.network(seen) * self.scale + self.centre
        return out

    def forward(self, windows: Tensor) -> Tensor:
        return self.answer(self.normal(windows))

    def folded(self) -> nn.Module:
        """The same function for inference, several times as fast."""
        return _Quick(self)


class _Quick(nn.Module):
    def __init__(self, model: Scaled) -> None:
        super().__init__()
        self.model, self.network = model, Folded(model.network)
        self.eval()

    def forward(self, windows: Tensor) -> Tensor:
        out: Tensor = self.network(self.model.normal(windows)) * self.model.scale + self.model.centre
        return out
