"""The trajectories task as the loop sees it: data, model, loss with two heads, validation, pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer import tasks
from trainer.tasks import Evaluation, Report
from trainer.tasks.trajectories.comparing import ShuffledFrames
from trainer.tasks.trajectories.data.device import Resident
from trainer.tasks.trajectories.data.settings import CLASSES
from trainer.tasks.trajectories.data.views import SPLITS, Views, open_views
from trainer.tasks.trajectories.figures import overview
from trainer.tasks.trajectories.measures import Predictions, cross_entropy, measure
from trainer.tasks.trajectories.models.build import unified
from trainer.tasks.trajectories.models.quantise import use
from trainer.tasks.trajectories.settings import TRIAL_SAMPLES, Settings, notes


@dataclass(frozen=True)
class Batch:
    """Clips as bytes with what is true of them. Valid for two more batches."""

    clips: Tensor  # uint8 [n, cameras, frames, side, side]
    labels: Tensor
    targets: Tensor  # [n, 3]


class TrajectoriesTask:
    """See `trainer.tasks.Task`. `root` is the folder for data that workers on one machine share."""

    def __init__(self, settings: Settings, *, seed: int, root: Path, trial: bool = False) -> None:
        self.settings = settings
        self.seed = seed
        self.root = root / "trajectories"
        self.notes = notes(settings)
        self._limit = TRIAL_SAMPLES if trial else None
        self._views: Views | None = None
        self._truth: dict[str, tuple[Tensor, Tensor]] = {}
        self._resident: dict[tuple[str, torch.device], Resident] = {}

    def prepare(self, report: Report) -> None:
        """The samples' parameters, or shards if wanted."""
        self._views = views = open_views(self.settings.data, self.seed, self.root, report, self._limit)
        # Copies: what was read from a file has strides that torch does not take.
        self._truth = {
            split: (torch.from_numpy(np.array(views.labels(split))), torch.from_numpy(np.array(views.targets(split))))
            for split in SPLITS
        }

    @property
    def views(self) -> Views:
        """The samples."""
        assert self._views is not None, "prepare comes first"
        return self._views

    def model(self) -> nn.Module:
        """A new model, from torch's global generator."""
        return unified(self.settings.model)

    def size(self, split: str) -> int:
        """Samples in the split."""
        return len(self._truth[split][0])

    def batch(self, split: str, indices: Tensor, device: torch.device) -> Batch:
        """These samples, as bytes on the device: they become numbers there."""
        return self._batch(split, indices.cpu().numpy(), device)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Both heads' losses and the quantiser's, weighed."""
        logits, position, terms, _ = model(batch.clips)
        weight = self.settings.loss
        class_loss = F.cross_entropy(logits.float(), batch.labels)
        position_loss = F.mse_loss(position.float(), batch.targets)
        figures = {
            "class_loss": class_loss.detach(),
            "position_loss": position_loss.detach(),
            "accuracy": (logits.detach().argmax(1) == batch.labels).float().mean(),
        }
        total = weight.classes * class_loss + weight.position * position_loss
        for name, term in terms.items():
            total = total + getattr(weight, name) * term
            figures[f"{name}_loss"] = term.detach()
        return total, figures

    @torch.no_grad()
    def evaluate(self, model: nn.Module, split: str, device: torch.device, report: Report) -> Evaluation:
        """Every sample of the split; how a codebook is used, where there is one."""
        was_training = model.training
        model.eval()
        count, step = self.size(split), self.settings.measure.batch
        parts: list[tuple[Tensor, Tensor]] = []
        codes: list[Tensor] = []
        for start in range(0, count, step):
            report(f"validating {count:,} samples", start, count)
            batch = self._batch(split, np.arange(start, min(start + step, count)), device)
            answer = model(batch.clips)
            parts.append((answer.logits.float(), answer.position.float()))
            if answer.codes is not None:
                codes.append(answer.codes.cpu())
        report(f"validating {count:,} samples", count, count)
        model.train(was_training)
        logits, positions = (torch.cat(part).cpu().numpy() for part in zip(*parts, strict=True))
        labels, targets = (part.numpy() for part in self._truth[split])
        found = Predictions(logits, positions, labels, targets)
        figures = measure(found)
        weight = self.settings.loss
        loss = weight.classes * cross_entropy(found) + weight.position * figures["val_position_mse"]
        used = use(torch.cat(codes), self.settings.model.codes) if codes else {}
        return Evaluation({"val_loss": loss, **figures, **used}, found)

    def predictions(self, split: str, found: Evaluation) -> tasks.Predictions:
        """What a validation says of each sample. Which rows of the whole the split has is part of who they are."""
        said: Predictions = found.details
        where = self.settings.data.slices()[split]
        samples = f"{self.views.identity} {where.start}-{where.stop}"
        return tasks.Predictions(CLASSES, said.labels, said.logits, said.targets, said.positions, samples)

    def controls(self, model: nn.Module) -> Mapping[str, nn.Module]:
        """A model that follows a motion cannot do without the order of its frames."""
        return {"shuffled frames": ShuffledFrames(model)}

    def finish(
        self, history: list[Mapping[str, Any]], first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        """Confusion, errors, learning curves and samples, on one picture."""
        path = figures / "trajectories.png"
        title = f"{self.settings.model.kind}, {self.settings.model.size}"
        return [overview(history, last, views=self.views, title=title, notes=self.notes, path=path)]

    def _batch(self, split: str, rows: NDArray[np.int64], device: torch.device) -> Batch:
        if self._stays(device):
            if (split, device) not in self._resident:
                self._resident[split, device] = Resident(self.views, split, device)
            there, where = self._resident[split, device], torch.from_numpy(rows).to(device)
            return Batch(there.draw(where), there.labels[where], there.targets[where])
        labels, targets = self._truth[split]
        clips = torch.from_numpy(self.views.draw(split, rows))
        return Batch(*(part.to(device) for part in (clips, labels[rows], targets[rows])))

    def _stays(self, device: torch.device) -> bool:
        """Whether the data set lies in the device's memory: half a kilobyte a sample, so that it always fits."""
        data = self.settings.data
        wanted = device.type != "cpu" if data.resident == "auto" else data.resident == "always"
        return wanted and data.source == "render"
