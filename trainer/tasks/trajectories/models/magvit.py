"""MagViT: the causal 3D convolutional tokenizer of MAGVIT-v2, its encoder and quantiser (Yu and others, 2023).

Every convolution sees the past and the present alone, and normalisation looks at one time only, so that a token never
depends on a later group of frames. Time is made four times smaller, space eight times. The widths are the published
ones: base channels 128, multipliers 1, 2, 2, 4, four residual blocks a stage, 18 bits. No number of parameters has been
published for the encoder; this one has 88,244,114 with 3 input channels.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from trainer.tasks.trajectories.models.extractor import Extractor, Features, Triple
from trainer.tasks.trajectories.models.quantise import FiniteScalar, LookupFree


@dataclass(frozen=True, slots=True)
class Plan:
    """What distinguishes one size from another."""

    width: int
    multipliers: tuple[int, ...]
    blocks: int  # in each stage
    kernel: Triple  # of the first convolution
    stride: Triple
    downs: tuple[Triple, ...]  # strides between the stages
    groups: int  # of channels that are normalised together


PUBLISHED = Plan(128, (1, 2, 2, 4), 4, (3, 3, 3), (1, 1, 1), ((1, 2, 2), (2, 2, 2), (2, 2, 2)), groups=32)
TINY = Plan(16, (1, 2), 1, (3, 5, 5), (2, 4, 4), ((2, 1, 1),), groups=4)


class CausalConv(nn.Conv3d):
    """A convolution whose last frame is the present: all padding in time is in front."""

    def __init__(self, inputs: int, outputs: int, kernel: Triple = (3, 3, 3), stride: Triple = (1, 1, 1)) -> None:
        pads = [max(0, size - step) for size, step in zip(kernel, stride, strict=True)]
        super().__init__(inputs, outputs, kernel, stride)
        (_, high, wide), self.past = pads, pads[0]
        self.around = (wide // 2, wide - wide // 2, high // 2, high - high // 2)

    def forward(self, grid: Tensor) -> Tensor:
        return super().forward(F.pad(grid, (*self.around, self.past, 0)))


class FrameNorm(nn.GroupNorm):
    """Group normalisation of each time by itself."""

    def forward(self, grid: Tensor) -> Tensor:
        batch, channels, times, *space = grid.shape
        single = super().forward(grid.transpose(1, 2).flatten(0, 1))
        return single.view(batch, times, channels, *space).transpose(1, 2)


class Residual(nn.Module):
    """Norm, SiLU, convolution, twice; added to the input."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.first = nn.Sequential(FrameNorm(groups, inputs), nn.SiLU(), CausalConv(inputs, outputs))
        self.second = nn.Sequential(FrameNorm(groups, outputs), nn.SiLU(), CausalConv(outputs, outputs))
        self.shortcut = nn.Conv3d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, grid: Tensor) -> Tensor:
        added: Tensor = self.second(self.first(grid)) + self.shortcut(grid)
        return added


class Encoder(nn.Sequential):
    """Clips to as many channels as a code has digits."""

    def __init__(self, inputs: int, digits: int, plan: Plan) -> None:
        super().__init__(CausalConv(inputs, plan.width, plan.kernel, plan.stride))
        width = plan.width
        for number, multiplier in enumerate(plan.multipliers):
            if number:
                self.append(CausalConv(width, width, stride=plan.downs[number - 1]))
            for _ in range(plan.blocks):
                self.append(Residual(width, plan.width * multiplier, plan.groups))
                width = plan.width * multiplier
        self.extend([FrameNorm(plan.groups, width), nn.SiLU(), nn.Conv3d(width, digits, 1)])
        self.width = width


class MagViT(Extractor):
    """Encoder, quantiser if there is one, and what each token means to the heads."""

    def __init__(
        self,
        inputs: int,
        frames: int,
        quantiser: LookupFree | FiniteScalar | None,
        digits: int = 18,
        plan: Plan = PUBLISHED,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(inputs, digits, plan)
        self.quantiser = quantiser
        self.channels = self.encoder.width
        self.meaning = nn.Conv3d(digits, self.channels, 1)
        self.times = frames // plan.stride[0]
        for stride in plan.downs:
            self.times //= stride[0]

    def forward(self, clips: Tensor) -> Tensor:
        return self.features(clips).grid

    def features(self, clips: Tensor) -> Features:
        tokens, terms = self.tokens(clips)
        grid = self.meaning(tokens)
        codes = None if self.training or self.quantiser is None else self.quantiser.numbers(tokens)
        return Features(grid, grid.mean((2, 3, 4)), terms, codes)

    def tokens(self, clips: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes [batch, digits, times, height, width] and the quantiser's losses."""
        grid = self.encoder(clips)
        if self.quantiser is None:
            return grid, {}
        found: tuple[Tensor, dict[str, Tensor]] = self.quantiser(grid)
        return found
