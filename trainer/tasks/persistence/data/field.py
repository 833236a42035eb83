"""The field's own files: a folder with output/augmented_traj_*.pt, read once into shards.

Accepted in each file: a tensor [16, 64, 64, 3], or a mapping with such a tensor as "frames", "video", "clip" or "data"
and, if it has one, a "label" of 0 or 1. uint8, or floating point from 0 to 1. White spheres are persistent and red ones
transient, so that coverage comes from colour, and a missing label from the rule: more than a fifth of the frames have a
transient. Clips without any transient are left out and counted. The split is 8 : 1 : 1 in the order of the names.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.data import records
from trainer.tasks import Report
from trainer.tasks.persistence.data.clips import RECORD, SPLITS, Drawn, slices
from trainer.tasks.persistence.data.render import PERSISTENT_BIT, TRANSIENT_BIT, coverage
from trainer.tasks.persistence.data.scene import FRAMES, SHARE, SIDE
from trainer.tasks.persistence.settings import Data

FRAME_KEYS = ("frames", "video", "clip", "data")
SHAPE = (FRAMES, SIDE, SIDE, 3)
_BRIGHT = 60  # of 255: above it a pixel shows a sphere
_TINY = 6  # pixels of a kind in a frame below which they are noise


class FieldClips:
    """The field's clips, by split."""

    def __init__(self, shards: records.Records) -> None:
        self._shards = shards
        kept = np.flatnonzero(shards.all("kept"))
        self.excluded = len(shards) - len(kept)
        self.identity = str(shards.manifest["identity"])
        tenth = len(kept) // 10
        where = slices({"train": len(kept) - 2 * tenth, "val": tenth, "test": tenth})
        self._rows = {split: kept[where[split]] for split in SPLITS}
        self._label = shards.all("label")

    def labels(self, split: str) -> NDArray[np.uint8]:
        return np.asarray(self._label[self._rows[split]])

    def draw(self, split: str, rows: NDArray[np.int64], erase: str = "") -> Drawn:
        where = self._rows[split][rows]
        pixels, cells = self._shards.take("pixels", where), self._shards.take("cells", where)
        if not erase:
            return pixels, cells
        bit = TRANSIENT_BIT if erase == "transient" else PERSISTENT_BIT
        gone = marks(pixels) == bit
        # Painted over with what the clip shows there most of the time: its background.
        ground = np.median(pixels, axis=(1, 3, 4)).astype(np.uint8)
        pixels = np.where(gone[:, :, None], ground[:, None, :, None, None], pixels)
        return pixels, coverage(marks(pixels))


def open_field(data: Data, cache: Path, report: Report, limit: int | None = None) -> FieldClips:
    """The folder's clips, the first `limit` of them if given, read into shards below `cache` on the first call."""
    files = find(data)[:limit]
    identity = hashlib.sha256()
    for path in files:
        stat = path.stat()
        identity.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    name = identity.hexdigest()[:16]

    def fill(first: int, end: int, out: NDArray[Any]) -> None:
        for place, path in enumerate(files[first:end]):
            pixels, label = read(path)
            found = marks(pixels[None])
            red = (found[0] == TRANSIENT_BIT).sum((1, 2)) >= _TINY
            out["pixels"][place], out["cells"][place] = pixels, coverage(found)[0]
            out["label"][place] = int(red.mean() > SHARE) if label is None else label
            out["kept"][place] = red.any()
            report(what, first + place, len(files))

    what = f"reading {len(files):,} files of the field"
    plan = records.Plan(cache / name, RECORD, len(files), f"field-{name}", what)
    clips = FieldClips(records.make(plan, fill, report))
    if min(len(clips.labels(split)) for split in ("train", "val")) < 2:
        raise ValueError(
            f"{data.folder}: {len(files)} clips, {clips.excluded} of them without a transient"
            ": too few to split 8 : 1 : 1; at least 20 with a transient are needed"
        )
    return clips


def find(data: Data) -> list[Path]:
    """The clips' files in the order of their numbers, or an error that tells what is there instead."""
    folder = Path(data.folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"data.folder: {folder} is not a folder on this host: {_neighbours(folder)}")
    files = sorted(folder.glob(data.pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)] or [0])
    if files:
        return files
    inside = sorted({f"{path.parent.relative_to(folder)}/*{path.suffix}" for path in folder.rglob("*.pt")})
    there = inside or sorted(path.name for path in folder.iterdir())[:8]
    mend = f"it holds {', '.join(there[:8])}" if there else "it is empty"
    raise ValueError(f"data.pattern: nothing in {folder} fits {data.pattern!r}; {mend}: correct either")


def read(path: Path) -> tuple[NDArray[np.uint8], int | None]:
    """Pixels [16, 3, 64, 64] and the label, if the file has one."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds here: all mean the same to people
        raise ValueError(f"{path}: not a readable tensor file ({error}): make it again, or remove it") from error
    label = None
    if isinstance(content, Mapping):
        label = None if content.get("label") is None else int(content["label"])
        content = next((content[key] for key in FRAME_KEYS if key in content), None)
    if not isinstance(content, torch.Tensor) or tuple(content.shape) != SHAPE:
        found = list(content.shape) if isinstance(content, torch.Tensor) else type(content).__name__
        names = ", ".join(FRAME_KEYS)
        raise ValueError(f"{path}: {found}, not a tensor {list(SHAPE)}, alone or under one of the names {names}")
    if label not in (None, 0, 1):
        raise ValueError(f"{path}: label {label} is neither 0 nor 1")
    if content.is_floating_point():
        if not bool(torch.isfinite(content).all()) or float(content.min()) < 0 or float(content.max()) > 1:
            raise ValueError(f"{path}: floating point values outside 0 to 1: divide by 255, or store uint8")
        content = (content.float() * 255).round()
    elif content.dtype != torch.uint8:
        raise ValueError(f"{path}: values of {content.dtype}: store uint8, or floating point from 0 to 1")
    return np.ascontiguousarray(content.to(torch.uint8).permute(0, 3, 1, 2).numpy()), label


def marks(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What each pixel shows, by colour: [n, 16, 3, 64, 64] to [n, 16, 64, 64]."""
    red, green = pixels[:, :, 0], pixels[:, :, 1]
    out = np.zeros(red.shape, dtype=np.uint8)
    out[green > _BRIGHT] = PERSISTENT_BIT
    out[(red > _BRIGHT) & (green <= red // 2)] = TRANSIENT_BIT
    return out


def _neighbours(folder: Path) -> str:
    parent = next((path for path in folder.parents if path.is_dir()), Path("/"))
    names = sorted(path.name for path in parent.iterdir() if path.is_dir())[:5]
    return f"{parent} holds {', '.join(names)}" if names else f"{parent} holds no folders"
