"""Clips by split and row: drawn from scenes, or read from shards, or from the field's files. One shape for all."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainer.data import records
from trainer.record import atomic
from trainer.tasks import Report
from trainer.tasks.persistence.data.render import CLIP_SHAPE, GRID, Renderer
from trainer.tasks.persistence.data.scene import FRAMES, VERSION, Scenes, scenes
from trainer.tasks.persistence.settings import Data

SPLITS = ("train", "val", "test")
RECORD = np.dtype(
    [("pixels", "u1", CLIP_SHAPE), ("cells", "u1", (2, FRAMES, GRID, GRID)), ("label", "u1"), ("kept", "u1")]
)
MOST = 256  # clips drawn at once, at most

Drawn = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class Clips(Protocol):
    """What the models see. Rows count from 0 in each split."""

    identity: str  # tells these clips from any others
    excluded: int  # clips that were left out, having no transient

    def labels(self, split: str) -> NDArray[np.uint8]:
        """The label of every row."""

    def draw(self, split: str, rows: NDArray[np.int64], erase: str = "") -> Drawn:
        """Pixels [n, 16, 3, 64, 64] and coverage [n, 2, 16, 8, 8], valid for two more calls."""


class Rendered:
    """Drawn when asked for: nothing on disk but the scenes' parameters."""

    excluded = 0  # the rules of the scenes give every clip a transient

    def __init__(self, all_scenes: Scenes, sizes: dict[str, int], identity: str) -> None:
        self.identity = identity
        self.scenes = {split: all_scenes[where] for split, where in slices(sizes).items()}
        self._renderer: Renderer | None = None

    def labels(self, split: str) -> NDArray[np.uint8]:
        return self.scenes[split].label

    def draw(self, split: str, rows: NDArray[np.int64], erase: str = "") -> Drawn:
        if self._renderer is None or self._renderer.most < len(rows):
            self._renderer = Renderer(len(rows))
        return self._renderer.draw(self.scenes[split][rows], erase)


class Sharded(Rendered):
    """Read from shards; clips with something erased are drawn from their scenes."""

    def __init__(self, all_scenes: Scenes, sizes: dict[str, int], identity: str, shards: records.Records) -> None:
        super().__init__(all_scenes, sizes, identity)
        self.shards = shards
        self._first = {split: where.start for split, where in slices(sizes).items()}

    def draw(self, split: str, rows: NDArray[np.int64], erase: str = "") -> Drawn:
        if erase:
            return super().draw(split, rows, erase)
        where = rows + self._first[split]
        return self.shards.take("pixels", where), self.shards.take("cells", where)


def slices(sizes: dict[str, int]) -> dict[str, slice]:
    """Which rows of the whole belong to which split: train first, then val, then test."""
    ends = np.cumsum([sizes[split] for split in SPLITS]).tolist()
    return {split: slice(end - sizes[split], end) for split, end in zip(SPLITS, ends, strict=True)}


def identity_of(data: Data, seed: int) -> str:
    """A folder's name for these clips. The split is not part of it: it only says who sees which."""
    return f"{data.labelling}-seed{seed}-{data.clips}-rules{VERSION}"


def load_scenes(folder: Path, data: Data, seed: int, report: Report) -> Scenes:
    """The scenes' parameters from the folder, made and stored there when they are not."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenes.npz"
    with records.held(folder, report):
        stored = _read(path, data.clips)
        if stored is not None:
            return stored
        parts: list[Scenes] = []
        for first in range(0, data.clips, 1_000):
            report(f"scenes of {data.clips:,} clips", first, data.clips)
            parts.append(scenes(seed, np.arange(first, min(first + 1_000, data.clips)), data.labelling))
        arrays = zip(*(part.arrays().values() for part in parts), strict=True)
        whole = Scenes(*(np.concatenate(array) for array in arrays))
        atomic.replace(path, _packed(whole), durable=True)
        report(f"scenes of {data.clips:,} clips", data.clips, data.clips)
    return whole


def export(folder: Path, all_scenes: Scenes, identity: str, report: Report) -> records.Records:
    """Every clip with its coverage into shards in `folder`; resumable, see `records`."""
    renderer = Renderer(min(MOST, len(all_scenes)))

    def fill(first: int, end: int, out: NDArray[Any]) -> None:
        part = all_scenes[slice(first, end)]
        out["pixels"], out["cells"] = renderer.draw(part)
        out["label"], out["kept"] = part.label, 1

    plan = records.Plan(folder, RECORD, len(all_scenes), identity, f"shards of {len(all_scenes):,} clips")
    return records.make(plan, fill, report)


def _packed(whole: Scenes) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, digest=np.frombuffer(_digest(whole), dtype=np.uint8), **whole.arrays())  # type: ignore[arg-type]
    return out.getvalue()


def _read(path: Path, count: int) -> Scenes | None:
    """Stored scenes; None when they are not there, or not as they were written."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as handle, np.load(handle) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    digest = arrays.pop("digest", None)
    try:
        stored = Scenes(**arrays)
    except TypeError:
        return None
    same = digest is not None and digest.tobytes() == _digest(stored) and len(stored) == count
    return stored if same else None


def _digest(whole: Scenes) -> bytes:
    found = hashlib.sha256()
    for array in whole.arrays().values():
        found.update(np.ascontiguousarray(array).data)
    return found.digest()
