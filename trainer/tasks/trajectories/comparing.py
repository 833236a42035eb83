"""What stands beside the models in a comparison: baselines, and the models with the order of frames taken away."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainer import tasks
from trainer.tasks.trajectories import baselines as without_video
from trainer.tasks.trajectories.data.views import open_views
from trainer.tasks.trajectories.settings import Settings


def baselines(
    settings: Settings, *, seed: int, root: Path, split: str, report: tasks.Report
) -> dict[str, tasks.Baseline]:
    """What can be had without a video model, by name."""
    data = replace(settings.data, source="render")  # the same samples, and nothing has to lie on the disk
    found = without_video.baselines(open_views(data, seed, root / "trajectories", report), report, split)
    return {name: tasks.Baseline(item.accuracy, item.mse) for name, item in found.items()}


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
