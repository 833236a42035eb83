"""Averaged weights: a slow companion of the model that is validated, and kept, in its place."""

import copy

import torch
from torch import nn


class Average:
    """The exponential moving average of a model's parameters; its buffers are the model's newest."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).requires_grad_(False)
        self._mine: list[torch.Tensor] = list(self.model.parameters())
        self._theirs: list[torch.Tensor] = list(model.parameters())
        self._buffers = list(zip(self.model.buffers(), model.buffers(), strict=True))

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """After step number `step` (from 1). At first the average moves fast, so that it soon forgets the beginning."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._mine, self._theirs, 1 - decay)
        for mine, theirs in self._buffers:
            mine.copy_(theirs)
