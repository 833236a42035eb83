"""What the clips are: counts, balance, coverage, and a contact sheet to look at."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.tasks.persistence.data.clips import SPLITS, Clips, Rendered, Sharded
from trainer.tasks.persistence.data.render import CELL, GRID
from trainer.tasks.persistence.data.scene import FRAMES, SIDE
from trainer.tasks.persistence.settings import Settings
from trainer.tasks.persistence.task import open_clips

_STEP = 128
_SHEET_CLIPS = 16


def inspect(
    settings: Settings, *, seed: int, root: Path, picture: Path | None = None, verify: bool = False
) -> Mapping[str, Any]:
    """Plain values about the data, which are made first where they are not there; the sheet lies beside them."""
    seed = seed if settings.data.seed is None else settings.data.seed
    clips = open_clips(settings.data, seed, root / "persistence", lambda what, done, total: None)
    found: dict[str, Any] = {"identity": clips.identity, "source": settings.data.source, "left out": clips.excluded}
    for split in SPLITS:
        label = clips.labels(split)
        if len(label):
            balance = {"clips": len(label), "share of label 1": round(float(label.mean()), 4)}
            found[split] = {**balance, **_cover(clips, split)}
    if isinstance(clips, Rendered):
        found["distinct scenes"] = _distinct(clips)
    if verify and isinstance(clips, Sharded):
        found["damaged"] = clips.shards.damaged()
    sheet = picture or root / "persistence" / f"{clips.identity}.png"
    contact_sheet(clips).save(sheet)
    return {**found, "contact sheet": str(sheet)}


def contact_sheet(clips: Clips) -> Image.Image:
    """The first validation clips, one a row: all frames, then where persistent (blue) and transient (red) ones are."""
    rows = np.arange(min(_SHEET_CLIPS, len(clips.labels("val"))))
    pixels, cells = clips.draw("val", rows)
    strips = pixels.transpose(0, 3, 1, 4, 2).reshape(len(rows), SIDE, FRAMES * SIDE, 3)
    map_side = GRID * CELL // 2
    strips[:, :, ::SIDE] = np.maximum(strips[:, :, ::SIDE], 48)
    kinds = cells.sum(2, dtype=np.int64) / (FRAMES * CELL * CELL)
    maps = np.zeros((len(rows), map_side, map_side, 3))
    big = np.sqrt(kinds / max(kinds.max(), 1e-9)).repeat(CELL // 2, 2).repeat(CELL // 2, 3)
    maps += big[:, 0, :, :, None] * np.array([80, 150, 255]) + big[:, 1, :, :, None] * np.array([255, 70, 60])
    sheet = np.full((len(rows) * (SIDE + 4), FRAMES * SIDE + SIDE + 8, 3), 34, dtype=np.uint8)
    for number, row in enumerate(rows.tolist()):
        top = number * (SIDE + 4)
        sheet[top : top + SIDE, : FRAMES * SIDE] = strips[number]
        middle = top + (SIDE - map_side) // 2
        left = FRAMES * SIDE + 8 + (SIDE - map_side) // 2
        sheet[middle : middle + map_side, left : left + map_side] = np.clip(maps[number], 0, 255)
        # The label as a mark at the right edge: bright for 1, dim for 0.
        sheet[top : top + SIDE, -4:] = (255, 176, 32) if clips.labels("val")[row] else (90, 90, 90)
    return Image.fromarray(sheet)


def _cover(clips: Clips, split: str) -> dict[str, float]:
    """Mean share of the picture that each kind covers, and mean number of frames in which transients are seen."""
    count = len(clips.labels(split))
    covered, frames = np.zeros(2), 0
    for start in range(0, count, _STEP):
        _, cells = clips.draw(split, np.arange(start, min(start + _STEP, count)))
        covered += cells.sum((0, 2, 3, 4), dtype=np.int64)
        frames += int((cells[:, 1].sum((2, 3), dtype=np.int64) > 0).sum())
    pixels = count * FRAMES * SIDE * SIDE
    return {
        "persistent pixels": round(float(covered[0] / pixels), 5),
        "transient pixels": round(float(covered[1] / pixels), 5),
        "frames with a visible transient": round(frames / count, 3),
    }


def _distinct(clips: Rendered) -> int:
    """Scenes that are equal to no other, over all splits."""
    rows: list[NDArray[np.uint8]] = [part.layers for part in clips.scenes.values()]
    return len({row.tobytes() for part in rows for row in part})
