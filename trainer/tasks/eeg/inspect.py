"""What the recordings are: subjects, windows, targets, what was left out, and how windows look on the average."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainer.tasks.eeg.data.subjects import Part, Study, open_study
from trainer.tasks.eeg.data.windows import cut
from trainer.tasks.eeg.settings import Settings

_SHOWN = 2048  # windows behind the picture, at most


def inspect(
    settings: Settings, *, seed: int, root: Path, picture: Path | None = None, verify: bool = False
) -> Mapping[str, Any]:
    """Plain values about the data, which are made or read first where they are not there; the picture lies beside."""
    study = open_study(settings, seed, root / "eeg", lambda what, done, total: None)
    found: dict[str, Any] = {"source": settings.data.source, "channels": len(study.channels)}
    if study.classes:
        found["classes"] = list(study.classes)
    for split, part in study.splits.items():
        found[split] = _part(part)
    found["left out"] = list(study.skipped)
    found["windows beyond the end"] = study.short
    if verify:
        found["damaged"] = _damaged(study, settings)
    path = picture or root / "eeg" / "windows.png"
    _draw(study, settings, path)
    return {**found, "picture": str(path)}


def _part(part: Part) -> dict[str, Any]:
    targets = {"mean": round(float(part.targets.mean()), 4), "spread": round(float(part.targets.std()), 4)}
    size = sum(item.signals.nbytes for item in part.parts)
    return {"subjects": len(part.subjects), "windows": len(part), "MiB": round(size / 2**20, 1), "target": targets}


def _damaged(study: Study, settings: Settings) -> list[str]:
    """Recordings whose kept windows are not what is cut from them now."""
    items = [item for part in study.splits.values() for item in part.parts]
    return [
        str(item.recording.path)
        for item in items
        if cut(item.recording, settings.data).signals.tobytes() != item.signals.tobytes()
    ]


def _draw(study: Study, settings: Settings, path: Path) -> None:
    """Mean training windows, channels down and time across, of the lower and the upper half of the targets."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    train, data = study.splits["train"], settings.data
    rows = np.linspace(0, len(train) - 1, min(_SHOWN, len(train))).astype(np.int64)
    windows, upper = train.take(rows), train.targets[rows] > np.median(train.targets[rows])
    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, half, name in zip(figure.subplots(1, 2, sharey=True), (~upper, upper), ("lower", "upper"), strict=True):
        mean = windows[half].mean(0) if half.any() else np.zeros(windows.shape[1:])
        extent = (data.offset, data.offset + data.length, len(mean), 0)
        shown = axes.imshow(mean, aspect="auto", cmap="RdBu_r", extent=extent)
        shown.set_clim(-(limit := float(np.abs(mean).max()) or 1.0), limit)
        figure.colorbar(shown, ax=axes, label="µV")
        axes.set_title(f"{name} half of {data.target}: mean of {int(half.sum())} windows", fontsize=9)
        axes.set_xlabel("seconds after the event")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
