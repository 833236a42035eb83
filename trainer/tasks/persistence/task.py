"""The persistence task as the loop sees it: data, model, loss, validation, pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.tasks import Evaluation, Predictions, Report
from trainer.tasks.persistence.attending import attention_loss, shares, token_coverage
from trainer.tasks.persistence.data import clips as data_clips
from trainer.tasks.persistence.data.clips import Clips
from trainer.tasks.persistence.data.field import open_field
from trainer.tasks.persistence.features import Features
from trainer.tasks.persistence.figures import four_panels
from trainer.tasks.persistence.measures import Validation, erase_effect, measure
from trainer.tasks.persistence.models.attention import AttentionModel, FeatureModel
from trainer.tasks.persistence.settings import TRIAL_CLIPS, Data, Settings, notes

Part = tuple[str, int, str]  # split, how many of its first clips, what is erased

ERASE = ("transient", "persistent")


@dataclass(frozen=True)
class Batch:
    """Clips or their features, coverage in cells, labels. Valid for two more batches."""

    inputs: Tensor
    cells: Tensor
    labels: Tensor


class PersistenceTask:
    """See `trainer.tasks.Task`. `root` is the folder for data that workers on one machine share."""

    def __init__(self, settings: Settings, *, seed: int, root: Path, trial: bool = False) -> None:
        self._said = notes(settings)  # of the run itself, also when this is only its trial
        self._limit = sum(TRIAL_CLIPS) if trial else None
        if trial:
            train, val, test = TRIAL_CLIPS
            data = replace(settings.data, train=train, val=val, test=test)
            settings = replace(
                settings, data=data, measure=replace(settings.measure, erase=min(settings.measure.erase, val))
            )
        self.settings = settings
        self.seed = seed if settings.data.seed is None else settings.data.seed
        self.root = root / "persistence"
        self.notes = self._said
        self._clips: Clips | None = None
        self._features: Features | None = None
        self._labels: dict[str, Tensor] = {}

    def prepare(self, report: Report) -> None:
        """Scenes, shards if wanted, features if the model reads them."""
        clips = open_clips(self.settings.data, self.seed, self.root, report, self._limit)
        self._labels = {split: torch.from_numpy(clips.labels(split).astype(np.int64)) for split in data_clips.SPLITS}
        if clips.excluded:
            self.notes = (*self._said, f"{clips.excluded:,} clips without a transient left out")
        if self.settings.model.kind == "pretrained":
            features = Features(clips, self.settings.backbone, self.root / "features")
            features.prepare("train", report)
            features.prepare("val", report)
            for erase in ERASE:
                features.prepare("val", report, erase, self._erased("val"))
            self._features = features
        self._clips = clips

    def model(self) -> nn.Module:
        """A new model, from torch's global generator."""
        assert self._clips is not None, "prepare comes first"
        if self._features is not None:
            return FeatureModel(*self._features.statistics(), self.settings.model)
        return AttentionModel(self.settings.model)

    def size(self, split: str) -> int:
        """Clips in the split."""
        return len(self._labels[split])

    def batch(self, split: str, indices: Tensor, device: torch.device) -> Batch:
        """These clips, as bytes on the device: they become numbers there."""
        return self._batch(split, indices.cpu().numpy(), device)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross entropy, and what moves attention."""
        logits, attention = model(batch.inputs)
        class_loss = F.cross_entropy(logits.float(), batch.labels)
        figures = {"accuracy": (logits.detach().argmax(1) == batch.labels).float().mean()}
        if self.settings.loss.kind == "none":
            return class_loss, figures
        attention = attention.float()
        extra = attention_loss(attention, token_coverage(batch.cells, attention.shape[1]), self.settings.loss)
        figures |= {"class_loss": class_loss.detach(), "attention_loss": extra.detach()}
        return class_loss + extra, figures

    @torch.no_grad()
    def evaluate(self, model: nn.Module, split: str, device: torch.device, report: Report) -> Evaluation:
        """Every clip of the split; erase effects on the first `measure.erase` of them."""
        self.ready(split, report)
        was_training = model.training
        model.eval()
        logits, attention, coverage = self._run(model, (split, self.size(split), ""), device, report)
        erased = {
            erase: self._run(model, (split, self._erased(split), erase), device, report)[0].argmax(1).cpu().numpy()
            for erase in ERASE
            if self._erased(split)
        }
        model.train(was_training)
        # In double precision, so that uniform attention gives a ratio of exactly 1.
        mean, both = shares(attention.double().cpu(), coverage.double().cpu())
        label = self._labels[split]
        found = Validation(
            label=label.numpy(),
            predicted=logits.argmax(1).cpu().numpy(),
            attention=attention.double().cpu().numpy(),
            shares=mean.numpy(),
            both=both.numpy(),
            threshold=self.settings.measure.ratio,
            logits=logits.float().cpu().numpy(),
        )
        metrics = measure(found, float(F.cross_entropy(logits.float().cpu(), label)))
        for erase, predicted in erased.items():
            count = len(predicted)
            metrics |= erase_effect(erase, found.predicted[:count], predicted, found.label[:count])
        return Evaluation(metrics, found)

    def ready(self, split: str, report: Report) -> None:
        """Features of the split, where the model reads them; `prepare` has made those of train and val."""
        if self._features is not None:
            self._features.prepare(split, report)
            for erase in ERASE:
                self._features.prepare(split, report, erase, self._erased(split))

    def clip(self, split: str, row: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """One clip's pixels [16, 3, 64, 64] and coverage [2, 16, 8, 8], to look at."""
        assert self._clips is not None, "prepare comes first"
        pixels, cells = self._clips.draw(split, np.array([row]))
        return pixels[0].copy(), cells[0].copy()

    def predictions(self, split: str, found: Evaluation) -> Predictions:
        """What a validation says of each clip."""
        assert self._clips is not None, "prepare comes first"
        said: Validation = found.details
        assert said.logits is not None
        sizes = "-".join(str(self.size(part)) for part in data_clips.SPLITS)
        samples = f"{self._clips.identity} {split} of {sizes}"
        return Predictions(("few transients", "many transients"), said.label, said.logits, samples=samples)

    def finish(
        self, history: list[Mapping[str, Any]], first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        """The four-panel picture."""
        assert self._clips is not None
        path = figures / "persistence.png"
        return [four_panels(history, first, last, clips=self._clips, split="val", notes=self.notes, path=path)]

    def _erased(self, split: str) -> int:
        return min(self.settings.measure.erase, self.size(split))

    def _batch(self, split: str, rows: NDArray[np.int64], device: torch.device, erase: str = "") -> Batch:
        assert self._clips is not None, "prepare comes first"
        source = self._clips.draw if self._features is None else self._features.take
        inputs, cells = source(split, rows, erase)
        labels = self._labels[split][rows]
        return Batch(*(part.to(device) for part in (torch.from_numpy(inputs), torch.from_numpy(cells), labels)))

    def _run(
        self, model: nn.Module, where: Part, device: torch.device, report: Report
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, attention and token coverage of the first `count` clips, left on the device."""
        split, count, erase = where
        what = f"validating {count:,} clips" + (f", {erase} erased" if erase else "")
        parts: list[tuple[Tensor, Tensor, Tensor]] = []
        for start in range(0, count, self.settings.measure.batch):
            report(what, start, count)
            rows = np.arange(start, min(start + self.settings.measure.batch, count))
            batch = self._batch(split, rows, device, erase)
            logits, attention = model(batch.inputs)
            parts.append((logits, attention.float(), token_coverage(batch.cells, attention.shape[1])))
        report(what, count, count)
        logits, attention, coverage = (torch.cat(part) for part in zip(*parts, strict=True))
        return logits, attention, coverage


def open_clips(data: Data, seed: int, root: Path, report: Report, limit: int | None = None) -> Clips:
    """The clips that the settings ask for, made where they are not there yet. `limit`: of the field's files at most."""
    if data.source == "field":
        return open_field(data, root / "field", report, limit)
    identity = data_clips.identity_of(data, seed)
    folder = root / identity
    all_scenes = data_clips.load_scenes(folder, data, seed, report)
    sizes = {split: int(getattr(data, split)) for split in data_clips.SPLITS}
    if data.source == "shards":
        shards = data_clips.export(folder / "shards", all_scenes, identity, report)
        return data_clips.Sharded(all_scenes, sizes, identity, shards)
    return data_clips.Rendered(all_scenes, sizes, identity)
