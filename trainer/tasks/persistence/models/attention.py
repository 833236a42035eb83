"""The model whose attention is supervised: patches of pixels, pooled to frames if wanted, and a transformer."""

import torch
from torch import Tensor, nn

from trainer.tasks.persistence.data.scene import FRAMES, SIDE
from trainer.tasks.persistence.models.transformer import Reader
from trainer.tasks.persistence.settings import Model


class AttentionModel(nn.Module):
    """uint8 clips [batch, 16, 3, 64, 64] to logits and attention on tokens."""

    def __init__(self, settings: Model) -> None:
        super().__init__()
        self.patch = settings.patch
        self.frame_tokens = settings.tokens == "frames"
        side = SIDE // settings.patch
        width = settings.full_width
        self.embed = nn.Linear(3 * settings.patch**2, width)
        self.place = nn.Parameter(torch.empty(side * side, width))
        self.time = nn.Parameter(torch.empty(FRAMES, 1, width))
        for table in (self.place, self.time):
            nn.init.normal_(table, std=0.02)
        self.reader = Reader(width, settings.depth, settings.heads, settings.expand)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        batch, frames, channels, height, width = clips.shape
        patch = self.patch
        # Cut while still bytes: a quarter of the memory to move.
        cut = clips.view(batch, frames, channels, height // patch, patch, width // patch, patch)
        cut = cut.permute(0, 1, 3, 5, 2, 4, 6).reshape(batch, frames, -1, channels * patch * patch)
        tokens = self.embed(cut.to(self.place.dtype) / 255) + self.place
        if self.frame_tokens:
            tokens = nn.functional.gelu(tokens).mean(2, keepdim=True)
        tokens = tokens + self.time
        logits, attention = self.reader(tokens.flatten(1, 2))
        return logits, attention


class FeatureModel(nn.Module):
    """Frozen features of each frame [batch, 16, 512] to logits and attention on frames.

    `mean` and `deviation` of the features bring them to one scale before the projection; they go with the weights.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, settings: Model) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation.clamp_min(1e-6))
        width = settings.full_width
        self.project = nn.Linear(len(mean), width)
        self.time = nn.Parameter(torch.empty(FRAMES, width))
        nn.init.normal_(self.time, std=0.02)
        self.reader = Reader(width, settings.depth, settings.heads, settings.expand)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        logits, attention = self.reader(self.project((features - self.mean) / self.deviation) + self.time)
        return logits, attention
