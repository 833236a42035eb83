"""Predictions in the run's folder: `predictions/<split>-<checksum of the checkpoint>.npz`, there whole or not at all.

They follow from the checkpoint and the configuration alone, so they may be removed at any time, and are read without
torch and without the data. A file that cannot be read is made again.
"""

import contextlib
import dataclasses
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.record import atomic
from trainer.record.jsonl import decode_document, jsonable, numbers
from trainer.record.jsonl import encode as encode_row
from trainer.tasks import Baseline, Predictions

FOLDER = "predictions"
FORMAT = 1
_ARRAYS = {"labels": "iu", "logits": "f", "targets": "f", "positions": "f"}  # kinds of numbers that each may have


@dataclass(frozen=True)
class Predicted:
    """One checkpoint of one run on one split."""

    checkpoint: str  # its file
    sha256: str
    epoch: int
    step: int
    split: str
    metrics: Mapping[str, float]
    parameters: int
    weights: int  # bytes
    device: str
    predictions: Predictions
    controls: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # figures with something taken away


def place(run: Path, split: str, sha256: str) -> Path:
    return run / FOLDER / f"{split}-{sha256[:16]}.npz"


def save(run: Path, predicted: Predicted) -> bool:
    """Keep them; False where nothing can be written, which costs no more than the time to make them again."""
    path = place(run, predicted.split, predicted.sha256)
    try:
        path.parent.mkdir(exist_ok=True)
        atomic.replace(path, encode(predicted))
    except OSError:
        return False
    return True


def load(run: Path, split: str, sha256: str) -> Predicted | None:
    """What is there for exactly this checkpoint, or None."""
    try:
        data = place(run, split, sha256).read_bytes()
    except OSError:
        return None
    found = decode(data)
    return found if found is not None and (found.sha256, found.split) == (sha256, split) else None


def save_baselines(run: Path, split: str, found: Mapping[str, Baseline]) -> None:
    """What is reached without models, beside the predictions: some of it takes a minute."""
    table = {name: dataclasses.asdict(item) for name, item in found.items()}
    with contextlib.suppress(OSError):
        (run / FOLDER).mkdir(exist_ok=True)
        atomic.replace(run / FOLDER / f"baselines-{split}.json", encode_row({"format": FORMAT, "baselines": table}))


def load_baselines(run: Path, split: str) -> dict[str, Baseline]:
    """The reverse; empty where nothing is, or nothing that can be used."""
    try:
        data = decode_document((run / FOLDER / f"baselines-{split}.json").read_bytes())
    except OSError:
        return {}
    if data is None or data.get("format") != FORMAT or not isinstance(data.get("baselines"), dict):
        return {}
    try:
        return {str(name): Baseline(**item) for name, item in data["baselines"].items()}
    except TypeError:
        return {}


def encode(predicted: Predicted) -> bytes:
    about = {item.name: getattr(predicted, item.name) for item in dataclasses.fields(predicted)}
    inner = about.pop("predictions")
    about |= {"format": FORMAT, "classes": list(inner.classes), "samples": inner.samples}
    arrays = {name: getattr(inner, name) for name in _ARRAYS if getattr(inner, name) is not None}
    text = json.dumps(jsonable(about), allow_nan=False).encode()
    out = io.BytesIO()
    np.savez(out, about=np.frombuffer(text, dtype=np.uint8), **arrays)
    return out.getvalue()


def decode(data: bytes) -> Predicted | None:
    """The reverse; None for anything that `encode` would not write."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = numbers(json.loads(arrays.pop("about").tobytes()))
        return _predicted(about, arrays)
    except Exception:  # numpy and zipfile raise a dozen kinds for a damaged file
        return None


def _predicted(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Predicted:
    if about.pop("format") != FORMAT or not set(arrays) <= set(_ARRAYS):
        raise ValueError("another format")
    inner = Predictions(tuple(about.pop("classes")), samples=about.pop("samples"), **arrays)
    wrong = check(inner)
    if wrong:
        raise ValueError(wrong)
    return Predicted(**about, predictions=inner)


def check(found: Predictions) -> str:
    """What does not fit together, or nothing."""
    count, classes = len(found.labels), len(found.classes)
    if found.labels.shape != (count,) or found.logits.shape != (count, classes):
        return f"labels {found.labels.shape} and logits {found.logits.shape} are not of {classes} classes"
    if count and not (found.labels.min() >= 0 and found.labels.max() < classes):
        return f"labels are not below {classes}"
    if (found.targets is None) != (found.positions is None):
        return "targets and positions come together"
    targets, said = found.targets, found.positions
    if targets is not None and said is not None and (targets.shape != said.shape or len(targets) != count):
        return f"targets {targets.shape} and positions {said.shape} are not of {count} samples"
    kinds = {name: getattr(found, name) for name in _ARRAYS}
    odd = [name for name, value in kinds.items() if value is not None and value.dtype.kind not in _ARRAYS[name]]
    return f"{odd[0]} are of another kind" if odd else ""
