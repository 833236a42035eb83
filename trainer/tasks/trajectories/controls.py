"""What a model should not be able to do without: the order of the frames."""

from typing import Any

import torch
from torch import Tensor, nn


class ShuffledFrames(nn.Module):
    """The model, shown every clip's frames in an order of their own: always the same ones for the same calls."""

    def __init__(self, model: nn.Module, seed: int = 0) -> None:
        super().__init__()
        self.model = model
        self._generator = torch.Generator().manual_seed(seed)

    def forward(self, clips: Tensor) -> Any:
        orders = torch.rand(clips.shape[0], clips.shape[2], generator=self._generator).argsort(1).to(clips.device)
        rows = torch.arange(len(clips), device=clips.device)[:, None]
        return self.model(clips.transpose(1, 2)[rows, orders].transpose(1, 2).contiguous())
