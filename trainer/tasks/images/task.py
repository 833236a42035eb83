"""The images task as the loop sees it: data, model, loss, validation, pictures."""

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
from trainer.models.resnet import initialise, resnet
from trainer.models.weights import load, read
from trainer.record.status import Finding
from trainer.tasks import Evaluation, Predictions, Report
from trainer.tasks.images.data.images import Images, open_images
from trainer.tasks.images.figures import overview
from trainer.tasks.images.measures import Said, measure
from trainer.tasks.images.settings import Settings, notes

MEAN = (123.675, 116.28, 103.53)  # ImageNet's, of bytes: what published weights expect
DEVIATION = (58.395, 57.12, 57.375)
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Batch:
    """Images as bytes with their classes."""

    pixels: Tensor  # uint8 [n, side, side, 3]
    labels: Tensor


class ImagesTask:
    """See `trainer.tasks.Task`. `root` is the folder for data that workers on one machine share."""

    def __init__(self, settings: Settings, *, seed: int, root: Path, trial: bool = False) -> None:
        self.settings, self.trial = settings, trial
        self.seed = seed if settings.data.seed is None else settings.data.seed
        self.root = root / "images"
        self.notes = notes(settings)
        self._epoch = 1
        self._images: Images | None = None
        self._labels: dict[str, Tensor] = {}

    def prepare(self, report: Report) -> None:
        """List and look at the files; make or pack them where that is wanted."""
        images = open_images(self.settings.data, self.seed, self.root, report, trial=self.trial)
        self._labels = {split: torch.from_numpy(images.labels(split)) for split in SPLITS}
        self.notes = (*notes(self.settings), *images.notes)
        self._images = images

    @property
    def images(self) -> Images:
        """The data."""
        assert self._images is not None, "prepare comes first"
        return self._images

    def model(self) -> nn.Module:
        """A new model, from torch's global generator or from a file."""
        chosen = self.settings.model
        network = resnet(chosen.kind, len(self.images.classes))
        initialise(network)
        if chosen.file:
            load(network, read(Path(chosen.file).expanduser(), chosen.sha256, "model"), chosen.kind, head=True)
        return network

    def size(self, split: str) -> int:
        """Images in the split."""
        return len(self._labels[split])

    def epoch(self, number: int) -> None:
        """Crops and mirrors of the batches from now on are those of this epoch."""
        self._epoch = number

    def batch(self, split: str, indices: Tensor, device: torch.device) -> Batch:
        """These images, cropped by chance when they are to be trained on; they become numbers on the device."""
        return self._batch(split, indices.cpu().numpy(), device, self._epoch if split == "train" else None)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross entropy, smoothed if wanted."""
        logits = model(normalised(batch.pixels)).float()
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.settings.loss.smoothing)
        return loss, {"accuracy": (logits.detach().argmax(1) == batch.labels).float().mean()}

    @torch.no_grad()
    def evaluate(self, model: nn.Module, split: str, device: torch.device, report: Report) -> Evaluation:
        """Every image of the split, from its centre."""
        was_training = model.training
        model.eval()
        count, step = self.size(split), self.settings.measure.batch
        parts: list[Tensor] = []
        for start in range(0, count, step):
            report(f"validating {count:,} images", start, count)
            batch = self._batch(split, np.arange(start, min(start + step, count)), device, None)
            parts.append(model(normalised(batch.pixels)).float())
        report(f"validating {count:,} images", count, count)
        model.train(was_training)
        said = Said(torch.cat(parts).cpu().numpy(), self._labels[split].numpy())
        return Evaluation(measure(said), said)

    def predictions(self, split: str, found: Evaluation) -> Predictions:
        """What a validation says of each image."""
        said: Said = found.details
        samples = f"{self.images.identity} {split}"
        return Predictions(self.images.classes, said.labels, said.logits, samples=samples)

    def findings(self) -> tuple[Finding, ...]:
        """What turned up while training that a person should know."""
        replaced = dict(self.images.replaced)
        if not replaced:
            return ()
        path, why = next(iter(replaced.items()))
        proof = f"{len(replaced):,} images are replaced by others of their class, as {path} ({why})"
        return (Finding("damaged images", proof, 'mend these files; data.scan = "decode" finds all before training'),)

    def finish(
        self, history: list[Mapping[str, Any]], first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        """Learning curves, confusion, and the images that were hardest."""
        path = figures / "images.png"
        title = self.settings.model.kind
        return [overview(history, last, images=self.images, title=title, notes=self.notes, path=path)]

    def _batch(self, split: str, rows: NDArray[np.int64], device: torch.device, epoch: int | None) -> Batch:
        pixels = torch.from_numpy(self.images.take(split, rows, epoch))
        return Batch(devices.send(pixels, device), devices.send(self._labels[split][torch.from_numpy(rows)], device))


def normalised(pixels: Tensor) -> Tensor:
    """Bytes [n, side, side, 3] as ImageNet networks want them [n, 3, side, side]: channels last in memory."""
    mean = torch.tensor(MEAN, device=pixels.device)
    deviation = torch.tensor(DEVIATION, device=pixels.device)
    return pixels.float().sub_(mean).div_(deviation).permute(0, 3, 1, 2)  # in place: fresh memory costs more than sums
