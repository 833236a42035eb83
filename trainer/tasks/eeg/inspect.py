"""What the recordings are: subjects, windows, targets, what was left out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer.tasks.eeg.data.subjects import Part, open_study
from trainer.tasks.eeg.settings import Settings


def inspect(settings: Settings, *, seed: int, root: Path, picture: Path | None, verify: bool) -> Mapping[str, Any]:
    """Plain values about the data, which are made or read first where they are not there."""
    study = open_study(settings, seed, root / "eeg", lambda what, done, total: None)
    found: dict[str, Any] = {"source": settings.data.source, "channels": len(study.channels)}
    if study.classes:
        found["classes"] = list(study.classes)
    for split, part in study.splits.items():
        found[split] = _part(part)
    found["left out"] = list(study.skipped)
    found["windows beyond the end"] = study.short
    return found


def _part(part: Part) -> dict[str, Any]:
    targets = {"mean": round(float(part.targets.mean()), 4), "spread": round(float(part.targets.std()), 4)}
    size = sum(item.signals.nbytes for item in part.parts)
    return {"subjects": len(part.subjects), "windows": len(part), "MiB": round(size / 2**20, 1), "target": targets}
