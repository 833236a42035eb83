"""The same rendering on any device of torch, bit for bit: whole numbers, the same tables, no floating point.

A GPU draws its own batches from scenes that lie in its memory: half a kilobyte a sample in place of half a megabyte.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.tasks.trajectories.data import patches
from trainer.tasks.trajectories.data.cameras import PIXELS
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.patches import PICTURE_WORDS
from trainer.tasks.trajectories.data.render import PICTURES, SHAPE
from trainer.tasks.trajectories.data.scene import Scenes
from trainer.tasks.trajectories.data.settings import Difficulty
from trainer.tasks.trajectories.data.views import Views


@dataclass(frozen=True)
class DeviceScenes:
    """`Scenes` on a device. `noise` counts windows of the tile."""

    spots: Tensor
    plates: Tensor
    noise: Tensor

    @classmethod
    def of(cls, scenes: Scenes, device: torch.device) -> "DeviceScenes":
        arrays = (scenes.spots, scenes.plates, scenes.noise)
        return cls(*(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays))

    def __len__(self) -> int:
        return len(self.spots)

    def __getitem__(self, rows: Tensor) -> "DeviceScenes":
        return DeviceScenes(self.spots[rows], self.plates[rows], self.noise[rows])


class DeviceRenderer:
    """Draws scenes where they are."""

    def __init__(self, difficulty: Difficulty, device: torch.device) -> None:
        self.difficulty, self.device = difficulty, device
        self._balls = [self._words(table) for table in patches.tables(difficulty)]
        self._offsets = torch.from_numpy(patches.offsets()).to(device)
        self._plate_rows = self._words(patches.plate_rows()) if difficulty.occlusion else None
        self._tile = self._words(patches.noise_tile(difficulty.noise).view(np.uint64)) if difficulty.noise else None

    def draw(self, scenes: DeviceScenes) -> Tensor:
        """Pixels, uint8 [samples, cameras, frames, 64, 64], in memory of their own."""
        pictures = len(scenes) * PICTURES
        if self._tile is None:
            words = torch.zeros(pictures * PICTURE_WORDS, dtype=torch.int64, device=self.device)
        else:
            words = self._tile.unfold(0, PICTURE_WORDS, 1)[scenes.noise.reshape(-1).long()].reshape(-1)
        visible = None if self._plate_rows is None else self._visible(scenes.plates, self._plate_rows)
        first = torch.arange(pictures, device=self.device) * PICTURE_WORDS
        for ball, table in enumerate(self._balls):
            spots = scenes.spots[:, ball].long().reshape(-1, 2)
            key, begin = patches.places(spots[:, 0], spots[:, 1])
            light = table[key]
            if visible is not None:
                light &= visible[(begin + first // (FRAMES * PICTURE_WORDS) * PICTURE_WORDS)[:, None] + self._offsets]
            words[(begin + first)[:, None] + self._offsets] += light
        return words.view(torch.uint8).reshape(-1, *SHAPE)

    def _visible(self, plates: Tensor, rows: Tensor) -> Tensor:
        """As `patches.visible`."""
        left, right, top, bottom = plates.reshape(-1, 4).long().unbind(1)
        row = torch.arange(PIXELS, device=self.device)
        hidden = (row >= top[:, None]) & (row < bottom[:, None])
        return torch.where(hidden[:, :, None], rows[left, right][:, None], -1).reshape(-1)

    def _words(self, table: NDArray[np.generic]) -> Tensor:
        """Words of 64 bits as torch has them: signed, which changes no bit."""
        return torch.from_numpy(table.view(np.int64)).to(self.device)


class Resident:
    """One split in a device's memory: scenes, labels, targets; its batches are drawn there."""

    def __init__(self, views: Views, split: str, device: torch.device) -> None:
        rows = np.arange(len(views.labels(split)))
        self._scenes = DeviceScenes.of(views.scenes(split, rows), device)
        self._renderer = DeviceRenderer(views.difficulty, device)
        self.labels = torch.from_numpy(views.labels(split)).to(device)
        self.targets = torch.from_numpy(np.array(views.targets(split))).to(device)

    def draw(self, rows: Tensor) -> Tensor:
        """Pixels of these rows, on the device."""
        return self._renderer.draw(self._scenes[rows])


def render_on(device: torch.device, scenes: Scenes, difficulty: Difficulty) -> Tensor:
    """These scenes drawn on the device. For many batches keep a `Resident` or a `DeviceRenderer`."""
    return DeviceRenderer(difficulty, device).draw(DeviceScenes.of(scenes, device))
