"""Frozen features of every frame, computed once and kept on disk under what they were computed from."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data import records
from trainer.tasks import Report
from trainer.tasks.persistence.data.clips import Clips
from trainer.tasks.persistence.data.render import GRID
from trainer.tasks.persistence.data.scene import FRAMES
from trainer.tasks.persistence.models.resnet import FEATURES, ResNet18, normalise
from trainer.tasks.persistence.models.weights import folded, frozen
from trainer.tasks.persistence.settings import Backbone

RECORD = np.dtype([("features", "<f4", (FRAMES, FEATURES)), ("cells", "u1", (2, FRAMES, GRID, GRID))])
VERSION = 1
_STEP = 16  # clips at once: 256 frames


class Features:
    """The features of these clips by this backbone."""

    def __init__(self, clips: Clips, settings: Backbone, folder: Path) -> None:
        self.clips = clips
        self._settings = settings
        self._folder = folder
        self._network: ResNet18 | None = None
        self._name = ""
        self._ready: dict[tuple[str, str], records.Records] = {}

    def prepare(self, split: str, report: Report, erase: str = "", count: int | None = None) -> None:
        """Compute or find those of the first `count` clips of a split."""
        rows = len(self.clips.labels(split)) if count is None else count
        if (split, erase) in self._ready or not rows:
            return
        network = self._backbone(report)
        device = _device(self._settings.device)

        def fill(first: int, end: int, out: NDArray[Any]) -> None:
            for start in range(first, end, _STEP):
                stop = min(start + _STEP, end)
                pixels, cells = self.clips.draw(split, np.arange(start, stop), erase)
                out["cells"][start - first : stop - first] = cells
                out["features"][start - first : stop - first] = _features(network, pixels, self._settings.image, device)
                report(what, start, rows)

        kind = "random features" if self._settings.weights == "random" else "features"
        what = f"{kind} of {rows:,} clips ({split}{f', {erase} erased' if erase else ''})"
        identity = f"{self.clips.identity} {split} {rows} erase={erase or 'nothing'} weights={self._name}"
        identity += f" image={self._settings.image} version={VERSION}"
        folder = self._folder / hashlib.sha256(identity.encode()).hexdigest()[:16]
        plan = records.Plan(folder, RECORD, rows, identity, what)
        self._ready[split, erase] = records.make(plan, fill, report)

    def take(
        self, split: str, rows: NDArray[np.int64], erase: str = ""
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Features [n, 16, 512] and coverage [n, 2, 16, 8, 8]."""
        ready = self._ready[split, erase]
        return ready.take("features", rows), ready.take("cells", rows)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each of the 512 features over the frames that are trained on."""
        total, squares, frames = np.zeros(FEATURES), np.zeros(FEATURES), 0
        ready = self._ready["train", ""]
        for first in range(0, len(ready), records.PER_SHARD):
            rows = np.arange(first, min(first + records.PER_SHARD, len(ready)))
            part = ready.take("features", rows).reshape(-1, FEATURES).astype(np.float64)
            total, squares, frames = total + part.sum(0), squares + (part * part).sum(0), frames + len(part)
        mean = total / frames
        deviation = np.sqrt(np.maximum(squares / frames - mean * mean, 0))
        return torch.from_numpy(mean).float(), torch.from_numpy(deviation).float()

    def _backbone(self, report: Report) -> ResNet18:
        if self._network is None:
            network, self._name = frozen(self._settings, self._folder.parent / "weights", report)
            self._network = folded(network).to(_device(self._settings.device))
        return self._network


@torch.inference_mode()
def _features(network: ResNet18, pixels: NDArray[np.uint8], side: int, device: torch.device) -> NDArray[np.float32]:
    """Of every frame; equal frames (erased ones are mostly black) are computed once."""
    frames = pixels.reshape(-1, *pixels.shape[2:])
    places: dict[bytes, int] = {}
    which = [places.setdefault(hashlib.blake2b(frame, digest_size=16).digest(), len(places)) for frame in frames]
    first = np.unique(which, return_index=True)[1]
    different = torch.from_numpy(frames[first]).to(device)
    images = normalise(different, side).contiguous(memory_format=torch.channels_last)
    found: Tensor = network.features(images).float().cpu()
    return found.numpy()[which].reshape(*pixels.shape[:2], FEATURES)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
