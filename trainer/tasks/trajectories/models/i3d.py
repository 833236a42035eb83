"""I3D: Inception-v1 with every kernel and pool inflated by an axis of time (Carreira and Zisserman, 2017).

With 3 input channels the published widths have 12,287,264 parameters: convolutions, and scale and shift of batch
normalisation. That is the 12,697,264 of the public RGB network without its layer of 400 classes (410,000).
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.tasks.trajectories.models.extractor import Extractor, Triple, Unit, spread


class Widths(NamedTuple):
    """Channels of a mixed module's branches: 1×1×1; reduced and 3×3×3; reduced and 3×3×3; after the pool."""

    single: int
    reduced: int
    wide: int
    reduced_again: int
    narrow: int
    pooled: int

    @property
    def outputs(self) -> int:
        """All branches side by side."""
        return self.single + self.wide + self.narrow + self.pooled


@dataclass(frozen=True, slots=True)
class Plan:
    """What distinguishes one size from another."""

    stem: int
    second: int
    kernel: Triple
    stride: Triple  # of the stem
    modules: tuple[tuple[Widths, ...], ...]  # groups, with a pool between one and the next
    cell: int  # pixels of a cell of the grid


PUBLISHED = Plan(
    stem=64,
    second=192,
    kernel=(7, 7, 7),
    stride=(2, 2, 2),
    modules=(
        (Widths(64, 96, 128, 16, 32, 32), Widths(128, 128, 192, 32, 96, 64)),
        (
            Widths(192, 96, 208, 16, 48, 64),
            Widths(160, 112, 224, 24, 64, 64),
            Widths(128, 128, 256, 24, 64, 64),
            Widths(112, 144, 288, 32, 64, 64),
            Widths(256, 160, 320, 32, 128, 128),
        ),
        (Widths(256, 160, 320, 32, 128, 128), Widths(384, 192, 384, 48, 128, 128)),
    ),
    cell=32,
)
TINY = Plan(
    stem=16,
    second=24,
    kernel=(3, 3, 3),
    stride=(2, 2, 2),
    modules=((Widths(8, 12, 16, 4, 8, 8),), (Widths(16, 16, 24, 4, 8, 8), Widths(16, 16, 32, 4, 8, 8))),
    cell=8,
)


def scaled(plan: Plan, stem: int) -> Plan:
    """The plan with so many channels in its stem and all others in proportion; 0: as it is."""
    if not stem:
        return plan

    def wide(channels: int) -> int:
        return max(4, round(channels * stem / plan.stem))

    modules = tuple(tuple(Widths(*map(wide, widths)) for widths in group) for group in plan.modules)
    return replace(plan, stem=stem, second=wide(plan.second), modules=modules)


class Mixed(nn.Module):
    """Four branches over the same input, side by side in the output."""

    def __init__(self, inputs: int, widths: Widths) -> None:
        super().__init__()
        cube = (3, 3, 3)
        self.single = Unit(inputs, widths.single)
        self.wide = nn.Sequential(Unit(inputs, widths.reduced), Unit(widths.reduced, widths.wide, cube))
        self.narrow = nn.Sequential(Unit(inputs, widths.reduced_again), Unit(widths.reduced_again, widths.narrow, cube))
        self.pooled = Unit(inputs, widths.pooled)

    def forward(self, grid: Tensor) -> Tensor:
        pooled = self.pooled(_largest(grid, (3, 3, 3), (1, 1, 1)))
        return torch.cat([self.single(grid), self.wide(grid), self.narrow(grid), pooled], 1)


class I3D(Extractor):
    """Stem, second convolution, groups of mixed modules; pools between them."""

    def __init__(self, inputs: int, frames: int, plan: Plan = PUBLISHED, cell: int = 0) -> None:
        super().__init__()
        groups = len(plan.modules)
        # After the stem come two pools over space alone, then one over time and space after each group but the last.
        space = spread((cell or plan.cell) // plan.stride[1], groups + 1)
        self.stem = Unit(inputs, plan.stem, plan.kernel, plan.stride)
        self.reduce = Unit(plan.stem, plan.stem)
        self.second = Unit(plan.stem, plan.second, (3, 3, 3))
        self.groups = nn.ModuleList()
        self.channels = plan.second
        for widths in plan.modules:
            group = nn.Sequential()
            for module in widths:
                group.append(Mixed(self.channels, module))
                self.channels = module.outputs
            self.groups.append(group)
        self.strides: list[Triple] = [(1, space[0], space[0]), (1, space[1], space[1])]
        self.strides += [(2, size, size) for size in space[2:]]
        self.times = frames // plan.stride[0] // 2 ** (groups - 1)

    def forward(self, clips: Tensor) -> Tensor:
        grid = _pool(self.stem(clips), self.strides[0])
        grid = _pool(self.second(self.reduce(grid)), self.strides[1])
        for number, group in enumerate(self.groups):
            if number:
                grid = _pool(grid, self.strides[number + 1])
            grid = group(grid)
        return grid


def _pool(grid: Tensor, stride: Triple) -> Tensor:
    """The largest of three neighbours along every axis that shrinks; nothing along the others."""
    time, height, width = (3 if step > 1 else 1 for step in stride)
    return _largest(grid, (time, height, width), stride)


def _largest(grid: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Max pooling of odd kernels, space first and then time: the same values as at once, with 12 comparisons for 27."""
    time, *space = kernel
    if max(*space, *stride[1:]) > 1:
        grid = F.max_pool3d(grid, (1, *space), (1, *stride[1:]), padding=(0, *(size // 2 for size in space)))
    if max(time, stride[0]) > 1:
        grid = F.max_pool3d(grid, (time, 1, 1), (stride[0], 1, 1), padding=(time // 2, 0, 0))
    return grid
