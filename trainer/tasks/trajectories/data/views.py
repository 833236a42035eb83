"""Samples by split and row: rendered from their parameters, or read from shards. One shape for both."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.data import records
from trainer.tasks import Report
from trainer.tasks.trajectories.data.cameras import Cameras, calibrated
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.parameters import Parameters, load
from trainer.tasks.trajectories.data.render import Renderer
from trainer.tasks.trajectories.data.scene import VERSION, Scenes, scenes
from trainer.tasks.trajectories.data.settings import CLASSES, SPLITS, Data, Difficulty
from trainer.tasks.trajectories.data.shards import Reader, export

__all__ = ["CLASSES", "SPLITS", "Rendered", "Sharded", "Views", "identity_of", "open_views"]


class Views(Protocol):
    """What the models see. Rows count from 0 in each split."""

    identity: str  # tells these samples from any others
    cameras: Cameras
    difficulty: Difficulty

    def labels(self, split: str) -> NDArray[np.int64]:
        """The class of every row, a place in CLASSES."""

    def targets(self, split: str) -> NDArray[np.float32]:
        """The position at the frame after the last, in world units: [n, 3]."""

    def motions(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.void]:
        """The true parameters of these rows, records of `motion.MOTION`."""

    def positions(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The true positions that are seen: [n, 32, 3]."""

    def scenes(self, split: str, rows: NDArray[np.int64]) -> Scenes:
        """What a device needs to draw these rows itself."""

    def draw(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pixels [n, 4 cameras, 32 frames, 64, 64], valid for two more calls."""


class Rendered:
    """Drawn when asked for: nothing on disk but the parameters."""

    def __init__(self, whole: Parameters, data: Data, seed: int, identity: str) -> None:
        self.identity, self.difficulty = identity, data.difficulty
        self.cameras = calibrated()
        self.first = {split: where.start for split, where in data.slices().items()}
        self._parts = {split: whole[where] for split, where in data.slices().items()}
        self._scenes: dict[str, Scenes] = {}
        self._seed = seed
        self._renderer: Renderer | None = None

    def labels(self, split: str) -> NDArray[np.int64]:
        return np.asarray(self._parts[split].motions["label"].astype(np.int64))

    def targets(self, split: str) -> NDArray[np.float32]:
        return self._parts[split].positions[:, FRAMES]

    def motions(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.void]:
        return self._parts[split].motions[rows]

    def positions(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._parts[split].positions[rows, :FRAMES]

    def scenes(self, split: str, rows: NDArray[np.int64]) -> Scenes:
        if split not in self._scenes:
            part = self._parts[split]
            index = np.arange(len(part)) + self.first[split]
            self._scenes[split] = scenes(self._seed, index, part.positions, self.cameras, self.difficulty)
        return self._scenes[split][rows]

    def draw(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        if self._renderer is None or self._renderer.most < len(rows):
            self._renderer = Renderer(len(rows), self.difficulty)
        return self._renderer.draw(self.scenes(split, rows))


class Sharded(Rendered):
    """Read from shards; everything but the pixels is as it is for those that are drawn."""

    def __init__(self, whole: Parameters, data: Data, seed: int, identity: str, shards: records.Records) -> None:
        super().__init__(whole, data, seed, identity)
        self.shards = shards
        self._reader = Reader(shards, packed=data.packed)

    def draw(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._reader.draw(rows + self.first[split])


def identity_of(data: Data, seed: int) -> str:
    """A folder's name for these samples. The split is not part of it: it only says who sees which."""
    return f"{data.kind}-seed{seed}-{data.samples}-rules{VERSION}"


def open_views(data: Data, seed: int, root: Path, report: Report, limit: int | None = None) -> Views:
    """The samples that the settings ask for, made where they are not there yet. `seed` is that of the run.

    `limit`: the first so many of each split, rendered; nothing is stored. For a trial.
    """
    seed = seed if data.seed is None else data.seed
    if limit is not None:
        data = data.limited(limit)
        return Rendered(Parameters.of(seed, np.arange(data.samples), data.difficulty), data, seed, "trial")
    identity = identity_of(data, seed)
    whole = load(root / identity, data, seed, identity, report)
    if data.source == "render":
        return Rendered(whole, data, seed, identity)
    folder = root / identity / ("shards" if data.packed else "shards-whole")
    shards = export(folder, whole, data, report, seed=seed, cameras=calibrated(), identity=identity)
    return Sharded(whole, data, seed, identity, shards)
