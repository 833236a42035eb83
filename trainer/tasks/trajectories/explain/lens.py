"""One sample, and the model as a function of clips."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.revival import Revived
from trainer.schema import ConfigError, Problem
from trainer.tasks.trajectories.data.motion import positions
from trainer.tasks.trajectories.data.render import Renderer
from trainer.tasks.trajectories.data.scene import scenes
from trainer.tasks.trajectories.models.unified import Unified
from trainer.tasks.trajectories.task import TrajectoriesTask

Clips = NDArray[np.uint8]  # [n, cameras, frames, side, side]
F64 = NDArray[np.float64]

_AT_ONCE = 16


@dataclass(frozen=True)
class Said:
    """The model's answers, one row a clip."""

    shares: F64  # [n, classes]
    positions: F64  # [n, 3]


class Lens:
    """A row of a split, through a model."""

    def __init__(self, revived: Revived, split: str, row: int) -> None:
        task, model = revived.task, revived.model
        assert isinstance(task, TrajectoriesTask) and isinstance(model, Unified)
        if not 0 <= row < task.size(split):
            raise ConfigError([Problem("--sample", None, "", f"{split} has samples 0 to {task.size(split) - 1}")])
        self.task, self.model, self.device = task, model.eval(), revived.device
        self.views, self.split, self.row = task.views, split, row
        self.rows = np.array([row])
        self.clip: Clips = self.views.draw(split, self.rows).copy()
        self.label = int(self.views.labels(split)[row])
        self.target = self.views.targets(split)[row].astype(np.float64)
        self.motion = self.views.motions(split, self.rows)

    @torch.no_grad()
    def ask(self, clips: Clips) -> Said:
        """What the model says of any clips."""
        shares, places = [], []
        for start in range(0, len(clips), _AT_ONCE):
            answer = self.model(torch.from_numpy(clips[start : start + _AT_ONCE]).to(self.device))
            shares.append(answer.logits.double().softmax(1).cpu().numpy())
            places.append(answer.position.double().cpu().numpy())
        return Said(np.concatenate(shares), np.concatenate(places))

    def rendered(self, motions: NDArray[np.void]) -> Clips:
        """This sample as it would look if its ball had moved so: same noise, plates and shaking."""
        places = positions(motions)
        index = np.full(len(motions), self.task.settings.data.slices()[self.split].start + self.row)
        data = self.task.settings.data
        seed = self.task.seed if data.seed is None else data.seed
        drawn = scenes(seed, index, places, self.views.cameras, self.views.difficulty)
        return Renderer(len(motions), self.views.difficulty).draw(drawn).copy()

    def ball(self) -> NDArray[np.bool_]:
        """[cameras, frames, side, side]: pixels that the ball may light."""
        spots = self.views.scenes(self.split, self.rows).spots[0, 0].astype(np.float64) / 16
        side = np.arange(self.clip.shape[-1])
        down, across = side[:, None], side[None, :]
        away = (across - spots[..., 0, None, None]) ** 2 + (down - spots[..., 1, None, None]) ** 2
        return np.asarray(away <= 7.5**2)

    def numbers(self) -> Tensor:
        """The clip as numbers from 0 to 1, for gradients."""
        return torch.from_numpy(self.clip).to(self.device).float() / 255
