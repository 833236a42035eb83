"""The unified model: one extractor, a class head and a next-position head. Bytes become numbers in here."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.tasks.trajectories.data.settings import CLASSES
from trainer.tasks.trajectories.models.extractor import Extractor, Features

_HIDDEN = 128  # width of the position head's network


class Answer(NamedTuple):
    """What the model says of a batch of clips."""

    logits: Tensor  # [batch, classes]
    position: Tensor  # [batch, 3], at the frame after the last
    terms: dict[str, Tensor]  # losses of the extractor's own
    codes: Tensor | None  # its tokens, where it has any; not while training


class Unified(nn.Module):
    """uint8 clips [batch, cameras, frames, side, side] to logits and the next position.

    `shared`: one extractor for one camera, applied to each, its channels side by side; else cameras are channels.
    `halve`: the extractor sees pictures of half the side.
    """

    def __init__(self, extractor: Extractor, cameras: int, *, shared: bool, halve: bool, maps: int) -> None:
        super().__init__()
        self.extractor, self.shared, self.halve = extractor, shared, halve
        channels = extractor.channels * (cameras if shared else 1)
        self.classes = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, len(CLASSES)))
        self.position = PositionHead(channels, extractor.times, maps)

    def forward(self, clips: Tensor) -> Answer:
        grid, pooled, terms, codes = self.features(clips)
        # 16 bits would round the centres of the maps to a tenth of a pixel.
        with torch.autocast(grid.device.type, enabled=False):
            position = self.position(grid.float())
        return Answer(self.classes(pooled), position, terms, codes)

    def features(self, clips: Tensor) -> Features:
        """The extractor's, cameras brought together."""
        numbers = self.numbers(clips)
        if not self.shared:
            return self.extractor.features(numbers)
        batch = len(numbers)
        found = self.extractor.features(numbers.flatten(0, 1).unsqueeze(1))
        grid = found.grid.reshape(batch, -1, *found.grid.shape[2:])
        return Features(grid, found.pooled.reshape(batch, -1), found.terms, found.codes)

    def numbers(self, clips: Tensor) -> Tensor:
        """Bytes as numbers from 0 to 1 in the model's own precision; numbers as they are, for gradients of inputs."""
        if clips.is_floating_point():
            return F.avg_pool3d(clips, (1, 2, 2)) if self.halve else clips
        kind = self.position.maps.weight.dtype
        if not self.halve:
            return clips.to(kind).div_(255)
        # Added up while still small whole numbers: a quarter of the memory to turn into floating point.
        rows = clips[..., ::2, :].to(torch.int16) + clips[..., 1::2, :]
        return (rows[..., ::2] + rows[..., 1::2]).to(kind).div_(4 * 255)


class PositionHead(nn.Module):
    """Where the object will be, from where some learned maps over the grid have their centres, at every time.

    A mean over space would forget the place (it did worse than repeating the last position); the centre of a softmax
    (soft-argmax) keeps it, finer than a cell, and a linear layer can continue its course. Features of the last time add
    what centres cannot tell.
    """

    def __init__(self, channels: int, times: int, maps: int) -> None:
        super().__init__()
        self.maps = nn.Conv3d(channels, maps, 1)
        given = 2 * maps * times
        self.direct = nn.Linear(given, 3)
        self.network = nn.Sequential(
            nn.LayerNorm(given + channels), nn.Linear(given + channels, _HIDDEN), nn.GELU(), nn.Linear(_HIDDEN, 3)
        )

    def forward(self, grid: Tensor) -> Tensor:
        centres = self.centres(grid).flatten(1)
        last = grid[:, :, -1].mean((2, 3))
        position: Tensor = self.direct(centres) + self.network(torch.cat([centres, last], 1))
        return position

    def centres(self, grid: Tensor) -> Tensor:
        """[batch, maps, times, 2]: the centre of each map, x and y from -1 to 1."""
        weights = self.heat(grid)
        return torch.stack([_centre(weights.sum(3)), _centre(weights.sum(4))], -1)

    def heat(self, grid: Tensor) -> Tensor:
        """[batch, maps, times, height, width]: softmax over space of each map."""
        scores = self.maps(grid)
        return torch.softmax(scores.flatten(3), -1).view_as(scores)


def _centre(weights: Tensor) -> Tensor:
    count = weights.shape[-1]
    places = (torch.arange(count, device=weights.device, dtype=weights.dtype) * 2 + 1) / count - 1
    centre: Tensor = (weights * places).sum(-1)
    return centre
