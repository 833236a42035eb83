"""The first validation inside a checkpoint, for pictures of before and after: plain values and tensors, if small."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from trainer.tasks import Evaluation

LIMIT = 16 * 2**20  # bytes


def pack(evaluation: Evaluation | None) -> dict[str, Any] | None:
    """Values that a weights-only load accepts. Details that are too large or of other kinds are left out."""
    if evaluation is None:
        return None
    metrics = dict(evaluation.metrics)
    try:
        details, size = _packed(evaluation.details)
    except TypeError:
        return {"metrics": metrics, "details": None}
    return {"metrics": metrics, "details": details if size <= LIMIT else None}


def unpack(packed: Mapping[str, Any] | None) -> Evaluation | None:
    """The reverse of `pack`."""
    return None if packed is None else Evaluation(packed["metrics"], _unpacked(packed["details"]))


def _packed(value: Any) -> tuple[Any, int]:
    if value is None or isinstance(value, bool | int | float | str):
        return value, 32
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return {"array": torch.from_numpy(np.ascontiguousarray(value))}, value.nbytes
    if isinstance(value, torch.Tensor):
        return {"tensor": value.detach().cpu()}, value.nbytes
    if isinstance(value, Mapping):
        items = {str(key): _packed(item) for key, item in value.items()}
        return {"map": {key: item[0] for key, item in items.items()}}, sum(item[1] for item in items.values())
    if isinstance(value, list | tuple):
        parts = [_packed(item) for item in value]
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [part[0] for part in parts]}, sum(part[1] for part in parts)
    raise TypeError(type(value).__name__)


def _unpacked(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    ((kind, inner),) = value.items()
    if kind == "array":
        return inner.cpu().numpy()
    if kind == "map":
        return {key: _unpacked(item) for key, item in inner.items()}
    if kind in ("list", "tuple"):
        items = [_unpacked(item) for item in inner]
        return tuple(items) if kind == "tuple" else items
    return inner.cpu()
