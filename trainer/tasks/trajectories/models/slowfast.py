"""SlowFast on ResNet-50: a wide pathway on few frames, a narrow one on all (Feichtenhofer and others, 2019).

The 8×8 network: every 4th frame (α = 4) in the slow pathway, an eighth of its channels (β = 1/8) in the fast one,
lateral convolutions of 7 frames. With 3 input channels it has 33,644,488 parameters; a class layer from 2,304 channels
to 400 classes adds 922,000: the 34.57 M of the authors' model zoo.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.tasks.trajectories.models.extractor import Extractor, Unit, spread

_EXPAND = 4  # a block's output is so many times wider than its middle
_LATERAL = 7  # frames of the fast pathway that one lateral value sees


@dataclass(frozen=True, slots=True)
class Plan:
    """What distinguishes one size from another."""

    width: int  # of the slow stem
    blocks: tuple[int, ...]  # in each stage
    slow_times: tuple[int, ...]  # temporal kernel of the slow pathway, stage by stage
    stem: int  # spatial kernel of both stems
    stride: int  # spatial stride of both stems
    pool: bool  # halve the picture after the stems
    cell: int  # pixels of a cell of the grid
    alpha: int = 4
    beta: int = 8  # 1/β


PUBLISHED = Plan(64, (3, 4, 6, 3), (1, 1, 3, 3), stem=7, stride=2, pool=True, cell=32)
TINY = Plan(16, (1, 1), (1, 3), stem=3, stride=2, pool=True, cell=8, beta=4)


class Bottleneck(nn.Module):
    """Over time, over space, and back to the full width; added to the input."""

    def __init__(self, inputs: int, middle: int, times: int, stride: int) -> None:
        super().__init__()
        outputs = _EXPAND * middle
        step = (1, stride, stride)
        self.time = Unit(inputs, middle, (times, 1, 1))
        self.space = Unit(middle, middle, (1, 3, 3), step)
        self.widen = Unit(middle, outputs, active=False)
        self.shortcut = (
            Unit(inputs, outputs, stride=step, active=False) if inputs != outputs or stride > 1 else nn.Identity()
        )

    def forward(self, grid: Tensor) -> Tensor:
        return F.relu(self.widen(self.space(self.time(grid))) + self.shortcut(grid), inplace=True)


class SlowFast(Extractor):
    """Both pathways, with what the fast one sees handed to the slow one before every stage."""

    def __init__(self, inputs: int, frames: int, plan: Plan = PUBLISHED, cell: int = 0) -> None:
        super().__init__()
        self.alpha, self.pool = plan.alpha, plan.pool
        slow, fast = plan.width, plan.width // plan.beta
        kernel, step = plan.stem, (1, plan.stride, plan.stride)
        self.slow_stem = Unit(inputs, slow, (1, kernel, kernel), step)
        self.fast_stem = Unit(inputs, fast, (5, kernel, kernel), step)
        self.laterals, self.slow, self.fast = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        # The first stage keeps the picture's size; so do the last ones when cells are to be smaller than published.
        strides = [1, *spread((cell or plan.cell) // (plan.stride * (2 if plan.pool else 1)), len(plan.blocks) - 1)]
        for number, (count, times) in enumerate(zip(plan.blocks, plan.slow_times, strict=True)):
            self.laterals.append(Unit(fast, 2 * fast, (_LATERAL, 1, 1), (plan.alpha, 1, 1)))
            middle = plan.width * 2**number
            self.slow.append(_stage(slow + 2 * fast, middle, count, times, strides[number]))
            self.fast.append(_stage(fast, middle // plan.beta, count, 3, strides[number]))
            slow, fast = _EXPAND * middle, _EXPAND * middle // plan.beta
        self.channels, self.times = slow + fast, frames // plan.alpha

    def forward(self, clips: Tensor) -> Tensor:
        slow, fast = self.pathways(clips)[-1]
        # Means over α frames: the mean over all time stays the fast pathway's own, as in the published head.
        return torch.cat([slow, F.avg_pool3d(fast, (self.alpha, 1, 1))], 1)

    def pathways(self, clips: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The slow and the fast grid, after the stems and after each stage. The slow one sees the last of α frames."""
        slow, fast = self.slow_stem(clips[:, :, self.alpha - 1 :: self.alpha]), self.fast_stem(clips)
        if self.pool:
            slow, fast = (F.max_pool3d(grid, (1, 3, 3), (1, 2, 2), (0, 1, 1)) for grid in (slow, fast))
        found = [(slow, fast)]
        for lateral, slow_stage, fast_stage in zip(self.laterals, self.slow, self.fast, strict=True):
            slow = slow_stage(torch.cat([slow, lateral(fast)], 1))
            fast = fast_stage(fast)
            found.append((slow, fast))
        return found


def _stage(inputs: int, middle: int, blocks: int, times: int, stride: int) -> nn.Sequential:
    first = Bottleneck(inputs, middle, times, stride)
    return nn.Sequential(first, *(Bottleneck(_EXPAND * middle, middle, times, 1) for _ in range(blocks - 1)))
