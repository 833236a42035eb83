"""The EEG task as the loop sees it: windows by subject, EEGNeX, loss, validation, pictures."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer import device as devices
from trainer.schema import ConfigError, Problem
from trainer.tasks import Evaluation, Predictions, Report
from trainer.tasks.eeg import measures
from trainer.tasks.eeg.augment import augmented
from trainer.tasks.eeg.data.subjects import Part, Study, open_study
from trainer.tasks.eeg.figures import draw
from trainer.tasks.eeg.models.eegnex import Shape, bound
from trainer.tasks.eeg.models.regressor import Scaled
from trainer.tasks.eeg.settings import Settings

_EACH = 64  # windows of one step of a validation
_FITTED = 2048  # training windows that the normalisation is fitted on


@dataclass(frozen=True)
class Batch:
    """Windows in µV, and what is to be told from them."""

    windows: Tensor
    targets: Tensor


@dataclass(frozen=True)
class Answers:
    """Of one validation, in the order of its windows. `predicted` holds logits for classes."""

    predicted: NDArray[np.float64]
    targets: NDArray[np.float64]
    subjects: NDArray[np.int64]  # number of each window's subject
    classes: tuple[str, ...]


class EegTask:
    """See `trainer.tasks.Task`. `root` is the folder for data that workers on one machine share."""

    def __init__(self, settings: Settings, *, seed: int, root: Path, trial: bool = False) -> None:
        self.settings, self.seed, self.root, self._trial = settings, seed, root / "eeg", trial
        self.notes: tuple[str, ...] = ()
        self._study: Study | None = None
        self._epoch = 1

    def prepare(self, report: Report) -> None:
        """Recordings, windows, who is in which split, and the scale of the training subjects."""
        study = open_study(self.settings, self.seed, self.root, report, trial=self._trial)
        train = study.splits["train"]
        self._mean, self._spread = fitted(train)
        self._targets = {split: torch.from_numpy(part.targets) for split, part in study.splits.items()}
        self._study = study
        self.notes = _notes(self.settings, study)

    def model(self) -> nn.Module:
        """A new model, from torch's global generator, with the training subjects' scale in it."""
        study, train = self.study, self._part("train")
        size = train.parts[0].signals.shape[2]
        rules = self.settings.model
        shape = Shape(
            channels=len(study.channels),
            samples=size,
            outputs=len(study.classes) or 1,
            filters=rules.filters,
            deep=rules.deep,
            multiplier=rules.multiplier,
            kernel=rules.kernel,
            drop=rules.drop,
        )
        model = Scaled(shape)
        centre, scale = _middle(train) if not study.classes else (0.0, 1.0)
        model.fit(self._mean, self._spread, centre, scale)
        return model

    def bound(self, model: nn.Module) -> None:
        """Norms of the filters stay within the paper's bounds."""
        assert isinstance(model, Scaled)
        bound(model.network)

    def size(self, split: str) -> int:
        """Windows in the split."""
        return len(self._part(split))

    def epoch(self, number: int) -> None:
        """What [augment] draws for the batches from now on is this epoch's."""
        self._epoch = number

    def batch(self, split: str, indices: Tensor, device: torch.device) -> Batch:
        """These windows, on the device; those of the training part changed by the rules of [augment]."""
        windows = devices.send(torch.from_numpy(self._part(split).take(indices.cpu().numpy())), device)
        if split == "train":
            spread, rules = self._spread.to(device), self.settings.augment
            windows = augmented(windows, spread, rules, indices.tolist(), seed=self.seed, epoch=self._epoch)
        return Batch(windows, self._targets[split][indices.cpu()].to(device))

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """For numbers the squared error in units of the training targets' variance; for classes their cross entropy."""
        answers = model(batch.windows)
        if not self.study.classes:
            _, scale = _middle(self._part("train"))
            error = (answers[:, 0].float() - batch.targets.float()) / scale
            return (error**2).mean(), {}
        targets = batch.targets.long()
        figures = {"accuracy": (answers.detach().argmax(1) == targets).float().mean()}
        if self.settings.loss.kind != "focal":
            return F.cross_entropy(answers.float(), targets), figures
        sure = F.log_softmax(answers.float(), 1).gather(1, targets[:, None])[:, 0]
        return (-((1 - sure.exp()) ** self.settings.loss.gamma) * sure).mean(), figures

    @torch.no_grad()
    def evaluate(self, model: nn.Module, split: str, device: torch.device, report: Report) -> Evaluation:
        """Every window of the split."""
        part, train = self._part(split), self._part("train")
        found = []
        for start in range(0, len(part), _EACH):
            report(f"validating {len(part):,} windows", start, len(part))
            rows = np.arange(start, min(start + _EACH, len(part)))
            found.append(model(torch.from_numpy(part.take(rows)).to(device)).double().cpu())
        predicted = torch.cat(found).numpy()
        report(f"validating {len(part):,} windows", len(part), len(part))
        if self.study.classes:
            counts = np.bincount(train.targets.astype(np.int64), minlength=len(self.study.classes))
            metrics = measures.of_classes(predicted, part.targets, int(counts.argmax()))
        else:
            predicted = predicted[:, 0]
            metrics = measures.of_numbers(predicted, part.targets, *_middle(train))
        return Evaluation(metrics, Answers(predicted, part.targets, _owners(part), self.study.classes))

    def finish(
        self, history: list[Mapping[str, Any]], first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        """Learning curves, and answers against targets."""
        return [draw(history, last, self.notes, figures / "eeg.png")]

    def groups(self, split: str) -> frozenset[str]:
        """Subjects, with their releases."""
        return frozenset("/".join(filter(None, subject)) for subject in self._part(split).subjects)

    def predictions(self, split: str, found: Evaluation) -> Predictions:
        """Classes of each window, for `trainer compare` and `trainer ensemble`. ConfigError for numbers."""
        answers: Answers = found.details
        if not answers.classes:
            mend = "`trainer evaluate` gives a run's figures, `trainer folds` those of a family"
            raise ConfigError([Problem("data.goal", None, "", "numbers have no classes to be compared by", mend)])
        part = self._part(split)
        same = hashlib.blake2b(repr(part.subjects).encode() + part.targets.tobytes(), digest_size=16).hexdigest()
        logits = answers.predicted.astype(np.float32)
        return Predictions(answers.classes, answers.targets.astype(np.int64), logits, samples=same)

    @property
    def study(self) -> Study:
        """What was read."""
        assert self._study is not None, "prepare comes first"
        return self._study

    def _part(self, split: str) -> Part:
        return self.study.splits[split]


def fitted(train: Part) -> tuple[Tensor, Tensor]:
    """Mean and spread of each channel over windows of these subjects, and of no others."""
    rows = np.linspace(0, len(train) - 1, min(_FITTED, len(train))).astype(np.int64)
    sums = squares = np.zeros(train.parts[0].signals.shape[1])
    count = 0
    for some in np.array_split(rows, -(-len(rows) // _EACH)):
        windows = train.take(some).astype(np.float64)
        sums, squares = sums + windows.sum((0, 2)), squares + (windows**2).sum((0, 2))
        count += windows.shape[0] * windows.shape[2]
    mean = sums / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    return torch.from_numpy(mean).float(), torch.from_numpy(np.maximum(spread, 1e-9)).float()


def _middle(train: Part) -> tuple[float, float]:
    """Mean and spread of the training targets."""
    return float(train.targets.mean()), float(train.targets.std()) or 1.0


def _owners(part: Part) -> NDArray[np.int64]:
    """The subject of each window, as its place among the split's subjects."""
    numbers = {subject: number for number, subject in enumerate(part.subjects)}
    each = [numbers[item.recording.release, item.recording.subject] for item in part.parts]
    return np.repeat(np.array(each, np.int64), [len(item) for item in part.parts])


def _notes(settings: Settings, study: Study) -> tuple[str, ...]:
    """What every table must say beside this run's figures."""
    found = []
    if settings.data.source == "made":
        found.append("generated recordings")
    if settings.data.shuffle:
        found.append("targets dealt out at random: anything better than the mean is leakage")
    if study.skipped:
        found.append(f"{len(study.skipped)} recordings left out, the first: {study.skipped[0]}")
    if study.short:
        found.append(f"{study.short:,} windows reach beyond their recording and are left out")
    return tuple(found)
