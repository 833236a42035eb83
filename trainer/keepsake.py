"""The first validation inside a checkpoint, for pictures of before and after: plain values and arrays, if small.

A checkpoint is loaded weights-only: it may hold values, never code. So dataclasses are kept as their fields and the
name of their class, and only classes of the task's own package are made again from that.
"""

import dataclasses
import importlib
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


def unpack(packed: Mapping[str, Any] | None, package: str) -> Evaluation | None:
    """The reverse of `pack`; `package` is the task's, the only one whose dataclasses are made again."""
    return None if packed is None else Evaluation(packed["metrics"], _unpacked(packed["details"], package))


def _packed(value: Any) -> tuple[Any, int]:
    if value is None or isinstance(value, bool | int | float | str):
        return value, 32
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return {"array": torch.from_numpy(np.ascontiguousarray(value))}, value.nbytes
    if isinstance(value, torch.Tensor):
        return {"tensor": value.detach().cpu()}, value.nbytes
    if isinstance(value, list | tuple):
        parts = [_packed(item) for item in value]
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [part[0] for part in parts]}, sum(part[1] for part in parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        inner, size = _packed(fields)
        return {"record": [type(value).__module__, type(value).__qualname__, inner]}, size
    if isinstance(value, Mapping):
        items = {str(key): _packed(item) for key, item in value.items()}
        return {"map": {key: item[0] for key, item in items.items()}}, sum(item[1] for item in items.values())
    raise TypeError(type(value).__name__)


def _unpacked(value: Any, package: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    ((kind, inner),) = value.items()
    if kind == "array":
        return inner.cpu().numpy()
    if kind == "tensor":
        return inner.cpu()
    if kind == "map":
        return {key: _unpacked(item, package) for key, item in inner.items()}
    if kind == "record":
        return _record(inner, package)
    items = [_unpacked(item, package) for item in inner]
    return tuple(items) if kind == "tuple" else items


def _record(inner: list[Any], package: str) -> Any:
    module, name, fields = inner
    if module != package and not module.startswith(f"{package}."):
        return None
    cls = getattr(importlib.import_module(module), name, None)
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        return None
    return cls(**_unpacked(fields, package))
