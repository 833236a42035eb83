"""What an extractor is: a network from clips to a grid of features over time and space."""

from typing import NamedTuple

from torch import Tensor, nn

Triple = tuple[int, int, int]  # time, height, width


class Features(NamedTuple):
    """What an extractor says of a batch of clips."""

    grid: Tensor  # [batch, channels, times, height, width]
    pooled: Tensor  # [batch, channels], what the class head reads
    terms: dict[str, Tensor]  # further losses of its own, 0-d, by name
    codes: Tensor | None = None  # the token of every place, as one whole number; not while training


class Extractor(nn.Module):
    """Clips as numbers [batch, inputs, frames, side, side] to a grid [batch, channels, times, height, width]."""

    channels: int
    times: int

    def features(self, clips: Tensor) -> Features:
        """The grid with what belongs to it; one network says more than the mean of its grid, another has losses."""
        grid = self(clips)
        return Features(grid, grid.mean((2, 3, 4)), {})


class Unit(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU if wanted; only the stride makes the grid smaller."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1), *, active: bool = True
    ) -> None:
        time, height, width = (max(0, size - step + 1) // 2 for size, step in zip(kernel, stride, strict=True))
        convolution = nn.Conv3d(inputs, outputs, kernel, stride, (time, height, width), bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        layers = [convolution, nn.BatchNorm3d(outputs)]
        super().__init__(*layers, nn.ReLU(inplace=True)) if active else super().__init__(*layers)


def spread(total: int, parts: int) -> list[int]:
    """`total`, a power of two, as factors of at most 2, one for each of `parts` places; the first ones get them."""
    left, found = total, []
    for _ in range(parts):
        found.append(2 if left > 1 else 1)
        left = max(1, left // 2)
    return found
