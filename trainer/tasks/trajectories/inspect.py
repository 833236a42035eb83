"""What the samples are: counts, ranges, leaks between splits, what is on the disk, and a sheet to look at."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer.tasks.trajectories.data.motion import CIRCULAR, FRAMES, HELICAL, LINEAR, PARABOLIC
from trainer.tasks.trajectories.data.settings import CLASSES, SPLITS, Data
from trainer.tasks.trajectories.data.sheet import contact_sheet
from trainer.tasks.trajectories.data.sine import F64
from trainer.tasks.trajectories.data.views import Sharded, Views, open_views

_BINS = 10
_EVEN = 0.25  # bins that differ by less than this share of their mean are called even


def inspect(
    settings: Any, *, seed: int, root: Path, picture: Path | None = None, verify: bool = False
) -> Mapping[str, Any]:
    """Plain values about the data, which are made first where they are not there."""
    return inspect_data(settings.data, seed, root / "trajectories", picture, verify=verify)


def inspect_data(data: Data, seed: int, root: Path, picture: Path | None = None, *, verify: bool) -> dict[str, Any]:
    """As `inspect`. Samples with the parameters of another are an error when the data are opened."""
    views = open_views(data, seed, root, lambda what, done, total: None)
    folder = root / views.identity
    found: dict[str, Any] = {"identity": views.identity, "source": data.source, "folder": str(folder)}
    found["classes"] = {split: _counts(views, split) for split in SPLITS}
    found["parameters"] = _parameters(views)
    found["world"] = _world(views)
    found["leaks"] = {"duplicates": 0, "nearest across splits": round(nearest_across(views), 4)}
    found["bytes"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if isinstance(views, Sharded):
        found["checksum"] = views.shards.checksum()
        if verify:
            found["damaged"] = views.shards.damaged()
    sheet = picture or folder / "contact-sheet.png"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(views).save(sheet)
    return {**found, "contact sheet": str(sheet)}


def nearest_across(views: Views) -> float:
    """The smallest root mean square distance between the paths of two samples of different splits, in world units."""
    paths = [np.ascontiguousarray(_paths(views, split)) for split in SPLITS if len(views.labels(split))]
    least = np.inf
    for number, one in enumerate(paths):
        for other in paths[number + 1 :]:
            for first in range(0, len(one), 1_000):
                part = one[first : first + 1_000]
                square = (part**2).sum(1)[:, None] + (other**2).sum(1) - 2 * (part @ other.T)
                least = min(least, float(square.min()))
    return float(np.sqrt(max(least, 0.0) / FRAMES)) if np.isfinite(least) else 0.0


def words_for(values: F64) -> str:
    """A histogram in words: range, middle half, and whether it is even or leans to one side."""
    low, quarter, median, three, high = np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist()
    text = f"{low:.3g} to {high:.3g}, middle half {quarter:.3g} to {three:.3g}"
    if high <= low:
        return f"{low:.3g} always"
    counts = np.histogram(values, _BINS)[0]
    if counts.max() - counts.min() <= _EVEN * counts.mean() + 6 * np.sqrt(counts.mean()):
        return f"{text}, even"
    place = (median - low) / (high - low)
    lean = "most of them small" if place < 0.45 else "most of them large" if place > 0.55 else "most in the middle"
    return f"{text}, {lean}"


def _counts(views: Views, split: str) -> dict[str, int]:
    counts = np.bincount(views.labels(split), minlength=len(CLASSES)).tolist()
    return dict(zip(CLASSES, counts, strict=True))


def _parameters(views: Views) -> dict[str, str]:
    """What tells the classes apart, over all splits."""
    motions = np.concatenate([views.motions(split, np.arange(len(views.labels(split)))) for split in SPLITS])
    label, frames = motions["label"], float(FRAMES)
    travel = np.sqrt((motions["velocity"] ** 2).sum(1)) * frames
    round_ones = (label == CIRCULAR) | (label == HELICAL)
    return {
        "linear: way, world units": words_for(travel[label == LINEAR]),
        "circular and helical: radius, world units": words_for(motions["radius"][round_ones]),
        "circular and helical: turns": words_for(np.abs(motions["turn"][round_ones]) * frames),
        "helical: rise, world units": words_for(np.abs(motions["velocity"][label == HELICAL, 2]) * frames),
        "parabolic: height above the chord, world units": words_for(
            motions["gravity"][label == PARABOLIC] * (frames * frames / 8)
        ),
    }


def _world(views: Views) -> dict[str, str]:
    places = np.concatenate([_paths(views, split) for split in SPLITS]).reshape(-1, 3)
    pixels = views.cameras.project(places).reshape(-1, 2)
    steps = np.concatenate([np.diff(views.positions(s, np.arange(len(views.labels(s)))), axis=1) for s in SPLITS])
    speed = np.sqrt((steps.astype(np.float64) ** 2).sum(-1)).reshape(-1)
    return {
        **{f"{name}, world units": words_for(places[:, axis]) for axis, name in enumerate("xyz")},
        "speed, world units a frame": words_for(speed),
        "place in the pictures, pixels": f"{pixels.min():.1f} to {pixels.max():.1f} of 0 to 63",
    }


def _paths(views: Views, split: str) -> F64:
    """Each sample's positions in one row."""
    count = len(views.labels(split))
    return views.positions(split, np.arange(count)).reshape(count, -1).astype(np.float64)
