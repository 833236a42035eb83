"""What the images are: counts, what is damaged or odd, what is on the disk, and a sheet to look at."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from trainer.tasks.images.data.images import Images, open_images
from trainer.tasks.images.data.listing import SPLITS
from trainer.tasks.images.settings import Settings

_CLASSES, _EACH, _SIDE = 12, 8, 96  # of the sheet
_NAMED = 20  # damaged files that are named one by one


def inspect(
    settings: Settings, *, seed: int, root: Path, picture: Path | None = None, verify: bool = False
) -> Mapping[str, Any]:
    """Plain values about the images, which are made or packed first where that is wanted and not done."""
    data = settings.data
    folder = root / "images"
    seed = seed if data.seed is None else data.seed
    images = open_images(data, seed, folder, lambda what, done, total: None)
    damaged = images.scan.damaged
    found: dict[str, Any] = {
        "identity": images.identity,
        "folder": str(images.listing.folder),
        "form": data.form,
        "classes": len(images.classes),
        **{split: _counts(images, split) for split in SPLITS},
        "damaged files": {path: damaged[path] for path in sorted(damaged)[:_NAMED]},
        "damaged files in all": len(damaged),
        "odd files": dict(images.scan.odd),
        "notes": list(images.notes),
    }
    if images.packs:
        found["packed"] = {split: str(pack.path) for split, pack in images.packs.items()}
        found["packed bytes"] = sum(pack.path.stat().st_size for pack in images.packs.values())
    if verify:
        found["damaged"] = [f"{pack.path}: record {row}" for pack in images.packs.values() for row in pack.damaged()]
    sheet = picture or folder / f"{images.identity}.png"
    contact_sheet(images).save(sheet)
    return {**found, "contact sheet": str(sheet)}


def contact_sheet(images: Images) -> Image.Image:
    """A class a row: on the left as validated, on the right as trained."""
    classes = min(_CLASSES, len(images.classes))
    sheet = Image.new("RGB", (_EACH * (_SIDE + 4), classes * (_SIDE + 4)), "white")
    for label in range(classes):
        half = _EACH // 2
        for split, epoch, first in (("val", None, 0), ("train", 1, half)):
            rows = np.flatnonzero(images.labels(split) == label)[:half]
            for place, pixels in enumerate(images.take(split, rows, epoch)):
                small = Image.fromarray(pixels).resize((_SIDE, _SIDE))
                sheet.paste(small, ((first + place) * (_SIDE + 4), label * (_SIDE + 4)))
    return sheet


def _counts(images: Images, split: str) -> dict[str, Any]:
    """Images in all, and in the smallest and the largest class."""
    own = np.bincount(images.labels(split), minlength=len(images.classes))
    return {"images": int(own.sum()), "smallest class": int(own.min()), "largest class": int(own.max())}
