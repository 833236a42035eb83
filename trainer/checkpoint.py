"""Checkpoints: there whole or not at all, known by checksum, and never fewer than two as long as two were made.

`checkpoints/index.json` lists the files, newest last, each with sha256, epoch, step, metrics and why it is kept. A file
whose checksum does not fit is damaged: it is named in a warning and the one before it is used.
"""

import dataclasses
import hashlib
import io
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from trainer.criteria import better
from trainer.record import atomic, files
from trainer.record.jsonl import decode_document, encode

INDEX = "index.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Saved:
    """One checkpoint in the index."""

    file: str
    sha256: str
    bytes: int
    epoch: int
    step: int
    time: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Which checkpoints stay."""

    last: int = 2
    best: int = 1
    metric: str = ""
    mode: str = "max"

    def best_of(self, entries: Iterable[Saved]) -> list[Saved]:
        """The best ones, best first; of equals the earlier."""
        found = [entry for entry in entries if not math.isnan(entry.metrics.get(self.metric, math.nan))]
        sign = -1.0 if self.mode == "max" else 1.0
        return sorted(found, key=lambda entry: sign * entry.metrics[self.metric])[: self.best]

    def choose(self, entries: list[Saved]) -> list[Saved]:
        """The entries that stay, in their order."""
        kept = {entry.file for entry in entries[-self.last :] + self.best_of(entries)}
        return [entry for entry in entries if entry.archived or entry.file in kept]


class Checkpoints:
    """The checkpoints of one run directory."""

    def __init__(self, run: Path, keep: Keep | None = None) -> None:
        self.folder = run / files.CHECKPOINTS
        self.keep = keep or Keep()

    def entries(self) -> list[Saved]:
        """The index, oldest first. Without a readable index, what lies in the folder (no checksum is known then)."""
        try:
            data = decode_document((self.folder / INDEX).read_bytes())
        except OSError:
            data = None
        if data is None or not isinstance(data.get("checkpoints"), list):
            return self._found()
        known = {item.name for item in dataclasses.fields(Saved)}
        rows = [
            row for row in data["checkpoints"] if isinstance(row, Mapping) and {"file", "sha256", "step"} <= set(row)
        ]
        defaults = {"bytes": 0, "epoch": 0, "time": 0.0}
        return [Saved(**{**defaults, **{key: row[key] for key in row if key in known}}) for row in rows]

    def save(
        self, content: Mapping[str, Any], *, epoch: int, step: int, metrics: Mapping[str, float], archive: bool = False
    ) -> Saved:
        """Write one and forget those that are no longer kept. OSError leaves everything as it was before."""
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, **content}, buffer)
        data = buffer.getvalue()
        self.folder.mkdir(exist_ok=True)
        for left in self.folder.glob(".*.part"):  # of a writer that was killed while it wrote
            left.unlink(missing_ok=True)
        name = f"epoch-{epoch:04d}-step-{step:08d}.pt"
        atomic.replace(self.folder / name, data, durable=True)
        digest = hashlib.sha256(data).hexdigest()
        entry = Saved(name, digest, len(data), epoch, step, time.time(), dict(metrics), archive)
        # A resumed run may have later checkpoints of its former self in the index: they are no longer its past.
        earlier = [old for old in self.entries() if old.step < step]
        kept = self.keep.choose([*earlier, entry])
        self._write_index(kept)
        names = {item.file for item in kept}
        for path in self.folder.glob("*.pt"):
            if path.name not in names:
                path.unlink(missing_ok=True)
        return entry

    def best(self) -> Saved | None:
        """The best by the metric, else the newest."""
        entries = self.entries()
        return next(iter(self.keep.best_of(entries)), entries[-1] if entries else None)

    def load(self, device: torch.device, warn: Any = None) -> tuple[dict[str, Any], Saved] | None:
        """The newest checkpoint that is whole; None when there is none. `warn(text)` is told of damaged ones."""
        for entry in reversed(self.entries()):
            content, fault = self.read(entry, device)
            if content is not None:
                return content, entry
            if warn is not None:
                warn(f"{files.CHECKPOINTS}/{entry.file} cannot be used: {fault}")
        return None

    def read(self, entry: Saved, device: torch.device) -> tuple[dict[str, Any] | None, str]:
        """One checkpoint's content, or None and what is wrong with it."""
        try:
            data = (self.folder / entry.file).read_bytes()
        except OSError as error:
            return None, str(error)
        digest = hashlib.sha256(data).hexdigest()
        if entry.sha256 and digest != entry.sha256:
            return None, f"its checksum is {digest[:12]}…, the index says {entry.sha256[:12]}…: the file is damaged"
        try:
            content = torch.load(io.BytesIO(data), map_location=device, weights_only=True)
        except Exception as error:  # torch raises half a dozen kinds for a damaged file
            return None, f"{type(error).__name__}: {error}"
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            return None, f"it is not a checkpoint of format {FORMAT}"
        return content, ""

    def _write_index(self, entries: list[Saved]) -> None:
        rows = [dataclasses.asdict(entry) for entry in entries]
        atomic.replace(self.folder / INDEX, encode({"schema": files.SCHEMA, "checkpoints": rows}), durable=True)

    def _found(self) -> list[Saved]:
        names = sorted((path.name for path in self.folder.glob("epoch-*-step-*.pt")), key=_step_of)
        return [Saved(name, "", 0, int(name.split("-")[1]), _step_of(name), 0.0) for name in names]


def improves(entry: Saved, entries: Iterable[Saved], keep: Keep) -> bool:
    """Whether the entry is better than all others by the metric."""
    value = entry.metrics.get(keep.metric, math.nan)
    return all(better(value, other.metrics.get(keep.metric, math.nan), keep.mode) for other in entries)


def fingerprint(state: Mapping[str, Any]) -> str:
    """A checksum of a model's weights: equal if and only if all names, types, shapes and bits are."""
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _step_of(name: str) -> int:
    return int(name.removesuffix(".pt").split("-")[3])
