"""The divided space-time Transformer: attention along time, then in space (TimeSformer; Bertasius and others, 2021).

Tokens are patches of frames. Along time a patch sees the same patch of other frames; in space it sees its own frame and
the CLS token, whose answers in all frames are averaged. At ViT-B/16, 3 input channels, 224 × 224 pixels and 8 frames it
has 121,258,752 parameters; a layer of 174 classes (Something-Something v2) adds 133,806: the paper's 121.4 M.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.tasks.trajectories.models.extractor import Extractor, Features


@dataclass(frozen=True, slots=True)
class Plan:
    """What distinguishes one size from another."""

    width: int
    depth: int
    heads: int
    expand: int
    patch: int
    frames: int  # in one token; 1 as published


PUBLISHED = Plan(width=768, depth=12, heads=12, expand=4, patch=16, frames=1)
TINY = Plan(width=48, depth=2, heads=4, expand=2, patch=8, frames=2)


class Attention(NamedTuple):
    """The last block's attention, softmax over the last axis. What looks is on the axis before."""

    space: (
        Tensor  # [batch, heads, times, height, width]: of the CLS token on the patches of each frame; its own left out
    )
    time: Tensor  # [batch, heads, height, width, times, times]: of a patch on itself at all times


class SelfAttention(nn.Module):
    """Queries, keys and values in one projection; any number of heads. Tokens [..., count, width]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        # Four dimensions are what the fast kernels take.
        query, key, value = self._split(tokens.flatten(0, -3))
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(-2, -3).flatten(-2)
        result: Tensor = self.out(mixed).view_as(tokens)
        return result

    def weights(self, tokens: Tensor) -> Tensor:
        """[..., heads, count, count]: what `forward` weighs the values with."""
        query, key, _ = self._split(tokens)
        scores = query @ key.transpose(-1, -2) * key.shape[-1] ** -0.5
        return torch.softmax(scores, -1)

    def _split(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        *many, count, _ = tokens.shape
        parts = self.query_key_value(tokens).view(*many, count, 3, self.heads, -1)
        query, key, value = (part.transpose(-2, -3) for part in parts.unbind(-3))
        return query, key, value


class Block(nn.Module):
    """Time, space, network; each pre-normed and added. Tokens [batch, times, places, width], CLS [batch, 1, width]."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        width = plan.width
        self.before_time = nn.LayerNorm(width)
        self.time = SelfAttention(width, plan.heads)
        self.after_time = nn.Linear(width, width)
        self.before_space = nn.LayerNorm(width)
        self.space = SelfAttention(width, plan.heads)
        self.between = nn.LayerNorm(width)
        self.network = nn.Sequential(
            nn.Linear(width, plan.expand * width), nn.GELU(), nn.Linear(plan.expand * width, width)
        )

    def forward(self, cls: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.along_time(tokens)
        seen = self.space(self.before_space(_with_cls(cls, tokens)))
        cls, tokens = cls + seen[:, :, 0].mean(1, keepdim=True), tokens + seen[:, :, 1:]
        return cls + self.network(self.between(cls)), tokens + self.network(self.between(tokens))

    def along_time(self, tokens: Tensor) -> Tensor:
        mixed = self.time(self.before_time(tokens.transpose(1, 2)))
        moved: Tensor = tokens + self.after_time(mixed).transpose(1, 2)
        return moved

    def attention(self, cls: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Weights along time and in space, before anything is added."""
        time = self.time.weights(self.before_time(tokens.transpose(1, 2)))
        space = self.space.weights(self.before_space(_with_cls(cls, self.along_time(tokens))))
        return time, space


class DividedTransformer(Extractor):
    """Patches, their places and times, blocks. The class head reads the CLS token, the position head the patches."""

    def __init__(self, inputs: int, frames: int, side: int, plan: Plan = PUBLISHED) -> None:
        super().__init__()
        self.channels, self.times, self.side = plan.width, frames // plan.frames, side // plan.patch
        size = (plan.frames, plan.patch, plan.patch)
        self.embed = nn.Conv3d(inputs, plan.width, size, size)
        self.cls = nn.Parameter(torch.zeros(plan.width))
        self.place = nn.Parameter(torch.zeros(self.side**2 + 1, plan.width))  # the first one is the CLS token's
        self.time = nn.Parameter(torch.zeros(self.times, 1, plan.width))
        self.blocks = nn.ModuleList(Block(plan) for _ in range(plan.depth))
        self.norm = nn.LayerNorm(plan.width)
        for table in (self.cls, self.place, self.time):
            nn.init.trunc_normal_(table, std=0.02)

    def forward(self, clips: Tensor) -> Tensor:
        return self.features(clips).grid

    def features(self, clips: Tensor) -> Features:
        cls, tokens = self._start(clips)
        for block in self.blocks:
            cls, tokens = block(cls, tokens)
        return Features(self._grid(self.norm(tokens)), self.norm(cls)[:, 0], {})

    def attend(self, clips: Tensor) -> Attention:
        """Where the last block looks."""
        cls, tokens = self._start(clips)
        *before, last = self.blocks
        for block in before:
            cls, tokens = block(cls, tokens)
        assert isinstance(last, Block)
        time, space = last.attention(cls, tokens)  # [batch, places, heads, times, times], [batch, times, heads, …]
        heads = space[..., 0, 1:].transpose(1, 2)
        paths = time.transpose(1, 2)
        grid = (self.side, self.side)
        return Attention(
            heads.reshape(*heads.shape[:3], *grid), paths.reshape(*paths.shape[:2], *grid, *paths.shape[3:])
        )

    def _start(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        cls = (self.cls + self.place[0]).expand(len(clips), 1, -1)
        return cls, self._embedded(clips) + self.place[1:] + self.time

    def _embedded(self, clips: Tensor) -> Tensor:
        """[batch, times, places, width]. A convolution without overlap is a product of matrices, and faster as one."""
        frames, high, wide = self.embed.kernel_size
        batch, inputs = clips.shape[:2]
        cut = clips.view(batch, inputs, self.times, frames, self.side, high, self.side, wide)
        patches = cut.permute(0, 2, 4, 6, 1, 3, 5, 7).reshape(batch, self.times, self.side**2, -1)
        return F.linear(patches, self.embed.weight.flatten(1), self.embed.bias)

    def _grid(self, tokens: Tensor) -> Tensor:
        grid = tokens.permute(0, 3, 1, 2)
        return grid.reshape(*grid.shape[:3], self.side, self.side)


def _with_cls(cls: Tensor, tokens: Tensor) -> Tensor:
    """The CLS token in front of every frame's patches."""
    return torch.cat([cls[:, None].expand(-1, tokens.shape[1], -1, -1), tokens], 2)
