"""A small set of generated images: shapes and textures of any size, colour and turn, on clutter, as JPEG files."""

import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from trainer.data.records import held
from trainer.order import derived
from trainer.record import atomic
from trainer.tasks import Report
from trainer.tasks.images.data.listing import SPLITS
from trainer.tasks.images.settings import MADE_CLASSES, Data

VERSION = 1
DONE = ".made"  # there when all files are
_CLASSES = 6  # without a word in the settings
_AT_ONCE = 64

Colour = tuple[int, int, int]
Point = tuple[float, float]


def make(data: Data, seed: int, root: Path, report: Report) -> Path:
    """The folder with train/, val/ and test/, made or completed where needed."""
    classes = MADE_CLASSES[: data.classes or _CLASSES]
    folder = root / f"made-seed{seed}-{len(classes)}x{data.made_train}-{data.made_val}-rules{VERSION}"
    counts = {"train": data.made_train, "val": data.made_val, "test": data.made_val}
    plan = [(split, name, number) for split in SPLITS for name in classes for number in range(counts[split])]
    if (folder / DONE).exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, report), ThreadPoolExecutor(2, "making") as pool:
        for split in SPLITS:
            for name in classes:
                (folder / split / name).mkdir(parents=True, exist_ok=True)
        for start in range(0, len(plan), _AT_ONCE):
            report(f"making {len(plan):,} images", start, len(plan))
            list(pool.map(lambda place: _write(folder, seed, *place), plan[start : start + _AT_ONCE]))
        atomic.replace(folder / DONE, b"")
    return folder


def image_of(name: str, seed: int, split: str, number: int) -> Image.Image:
    """One image, from its place alone."""
    random = np.random.default_rng(derived(seed, "made", split, name, number))
    width, height = (int(side) for side in random.integers(72, 161, 2))
    coarse = random.integers(70, 186, (5, 5, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(2, 7))):
        ends = [float(value) for value in random.uniform(0, max(width, height), 4)]
        draw.line(ends, fill=_colour(random), width=int(random.integers(1, 4)))
    size = float(random.uniform(0.22, 0.42)) * min(width, height)
    centre = (float(random.uniform(size, width - size)), float(random.uniform(size, height - size)))
    turn = float(random.uniform(0, math.tau))
    _figure(draw, name, centre=centre, size=size, turn=turn, colour=_colour(random))
    noise = random.normal(0, float(random.uniform(2, 14)), (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _write(folder: Path, seed: int, split: str, name: str, number: int) -> None:
    path = folder / split / name / f"{number:05d}.jpg"
    if path.exists():
        return
    out = io.BytesIO()
    image_of(name, seed, split, number).save(out, "JPEG", quality=90)
    atomic.replace(path, out.getvalue())


def _colour(random: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in random.integers(0, 256, 3))
    return red, green, blue


def _figure(draw: ImageDraw.ImageDraw, name: str, *, centre: Point, size: float, turn: float, colour: Colour) -> None:
    """The shape or the texture that the class is named after."""
    x, y = centre
    line = max(2, round(size / 5))
    if name == "discs":
        draw.ellipse([x - size, y - size, x + size, y + size], fill=colour)
    elif name == "rings":
        draw.ellipse([x - size, y - size, x + size, y + size], outline=colour, width=line)
    elif name in ("squares", "triangles"):
        draw.polygon(_corners(centre, size, turn, 4 if name == "squares" else 3), fill=colour)
    elif name == "crosses":
        for angle in (turn, turn + math.pi / 2):
            draw.line([_at(centre, size, angle), _at(centre, size, angle + math.pi)], fill=colour, width=line)
    elif name == "stripes":
        for offset in np.linspace(-0.8, 0.8, 5).tolist():
            middle = _at(centre, size * offset, turn + math.pi / 2)
            ends = [_at(middle, size * 0.7, turn), _at(middle, size * 0.7, turn + math.pi)]
            draw.line(ends, fill=colour, width=max(2, line // 2))
    else:
        for row, column in np.ndindex(4, 4):
            if name == "checks" and (row + column) % 2:
                continue
            along = _at(centre, size * (row - 1.5) / 2, turn)
            middle = _at(along, size * (column - 1.5) / 2, turn + math.pi / 2)
            if name == "checks":
                draw.polygon(_corners(middle, size * 0.35, turn + math.pi / 4, 4), fill=colour)
            else:
                radius = size * 0.14
                draw.ellipse([middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius], colour)


def _at(centre: Point, distance: float, angle: float) -> Point:
    return centre[0] + distance * math.cos(angle), centre[1] + distance * math.sin(angle)


def _corners(centre: Point, size: float, turn: float, count: int) -> list[Point]:
    return [_at(centre, size, turn + math.tau * number / count) for number in range(count)]
