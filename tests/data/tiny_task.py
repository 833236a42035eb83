"""A real task of the smallest size: two spirals, two layers with dropout. Used by tests and benchmarks only."""

import hashlib
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tiny_settings import METRICS, Data, Loss, Measure, Model, Settings
from torch import Tensor, nn

from trainer.tasks import REGISTRY, Entry, Evaluation, Predictions, Report

__all__ = ["METRICS", "Data", "Loss", "Measure", "Model", "Settings", "TinyTask", "inspect", "register", "spirals"]


def inspect(settings: Settings, *, seed: int, root: Path, picture: Path | None, verify: bool) -> Mapping[str, Any]:
    return {"points": settings.data.train, "seed": seed}


class TinyTask:
    """Two spirals. `loss` can be told to go wrong, to see what the loop makes of it."""

    def __init__(self, settings: Settings, *, seed: int, root: Path, trial: bool = False) -> None:
        self.settings, self.seed, self.trial = settings, seed, trial
        self.notes: tuple[str, ...] = (f"{settings.data.train} points",)
        self.calls = 0

    def prepare(self, report: Report) -> None:
        ends = time.monotonic() + self.settings.measure.prepare_s
        while time.monotonic() < ends:
            report("drawing spirals", 1 - (ends - time.monotonic()), 1)
            time.sleep(0.01)
        sizes = {"train": 24 if self.trial else self.settings.data.train, "val": 40, "test": 40}
        self.points = {
            split: spirals(size, self.settings.data.noise, self.seed * 3 + number)
            for number, (split, size) in enumerate(sizes.items())
        }
        report("drawing spirals", 1, 1)

    def model(self) -> nn.Module:
        width = self.settings.model.width
        return nn.Sequential(
            nn.Linear(2, width), nn.Tanh(), nn.Dropout(self.settings.model.dropout), nn.Linear(width, 2)
        )

    def size(self, split: str) -> int:
        return len(self.points[split][1])

    def batch(self, split: str, indices: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        points, labels = self.points[split]
        return points[indices].to(device), labels[indices].to(device)

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        self.calls += 1
        settings = self.settings.loss
        if settings.raise_at and self.calls >= settings.raise_at:
            raise KeyError("spiral")
        if settings.step_s:
            time.sleep(settings.step_s)
        logits = model(batch[0])
        loss = nn.functional.cross_entropy(logits, batch[1]) * settings.grow**self.calls
        if settings.nan_at and self.calls >= settings.nan_at:
            loss = loss * torch.tensor(0.0) / torch.tensor(0.0)
        return loss, {"accuracy": (logits.argmax(1) == batch[1]).float().mean()}

    def evaluate(self, model: nn.Module, split: str, device: torch.device, report: Report) -> Evaluation:
        points, labels = self.points[split]
        report("validating", 0, len(labels))
        logits = model(points.to(device))
        torch.rand(3)  # draws from the global generator: a validation may
        right = (logits.argmax(1).cpu() == labels).double()
        loss = float(nn.functional.cross_entropy(logits.cpu(), labels))
        details = {"right": right, "logits": logits.detach().cpu()}
        return Evaluation({"val_accuracy": float(right.mean()), "val_loss": loss}, details)

    def predictions(self, split: str, found: Evaluation) -> Predictions:
        points, labels = self.points[split]
        logits = found.details["logits"].numpy()
        identity = hashlib.sha256(points.numpy().tobytes()).hexdigest()
        targets = points.numpy()  # of the spiral; "said" with an error that depends on the logits
        said = targets + logits * 0.01
        return Predictions(("left", "right"), labels.numpy(), logits, targets, said, identity)

    def controls(self, model: nn.Module) -> Mapping[str, nn.Module]:
        return {"swapped axes": nn.Sequential(Swapped(), model)}

    def finish(
        self, history: list[Mapping[str, Any]], first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        before = "none" if first is None else f"{first.metrics['val_accuracy']:.3f}"
        path = figures / "accuracy.txt"
        path.write_text(f"{before} -> {last.metrics['val_accuracy']:.3f} over {len(history)} rows\n")
        return [path]


class Swapped(nn.Module):
    def forward(self, points: Tensor) -> Tensor:
        return points.flip(1)


def spirals(size: int, noise: float, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(size) % 2
    radius = torch.rand(size, generator=generator)
    angle = radius * 1.5 * math.pi + labels * math.pi
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return points + noise * torch.randn(size, 2, generator=generator), labels


def register() -> None:
    """Make the task known to this process under the name "tiny"."""
    REGISTRY["tiny"] = Entry(f"{__name__}:Settings", f"{__name__}:TinyTask", f"{__name__}:inspect")
    torch.set_num_threads(int(os.environ.get("TINY_THREADS", "1")))
