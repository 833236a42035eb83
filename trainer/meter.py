"""What the loop measures: figures of the steps since the last row, and how fast it goes.

Figures stay on the device until a row is due: one transfer for many steps, none in between.
"""

import math
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from trainer.ranks import Ranks

if TYPE_CHECKING:
    from torch import Tensor


class Window:
    """Losses and figures of the steps since the last row of metrics."""

    def __init__(self) -> None:
        self._losses: list[Tensor] = []
        self._figures: dict[str, list[Tensor]] = {}
        self._sizes: list[int] = []
        self._shared = 0  # how many of the first steps are those of all ranks already

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, loss: "Tensor", figures: "Mapping[str, Tensor]", size: int) -> None:
        """Take one step's figures; nothing is copied from the device."""
        self._losses.append(loss.detach())
        for name, value in figures.items():
            self._figures.setdefault(name, []).append(value.detach())
        self._sizes.append(size)

    def share(self, ranks: Ranks) -> None:
        """Make each step's figures the means over the samples of all ranks. All call it at the same step."""
        if not ranks.several or self._shared == len(self):
            return
        new = len(self) - self._shared
        series = [self._losses, *self._figures.values()]
        weights = torch.tensor(self._sizes[-new:], dtype=torch.float64)
        rows = [_stack(values[-new:]).cpu().double() * weights for values in series]
        *rows, weights = ranks.sums(torch.stack([*rows, weights]))
        for values, row in zip(series, rows, strict=True):
            values[-new:] = (row / weights).float()
        self._sizes[self._shared :] = [int(size) for size in weights]
        self._shared = len(self)

    def losses(self) -> list[float]:
        """The loss of each step, oldest first. Waits for the device."""
        return _numbers(self._losses)

    def means(self) -> dict[str, float]:
        """Each figure's mean over the samples of the window."""
        found = {"loss": self._mean(self._losses)}
        return found | {name: self._mean(values) for name, values in self._figures.items()}

    def clear(self) -> None:
        self._losses, self._figures, self._sizes, self._shared = [], {}, [], 0

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that the next row is the same as without the interruption."""
        figures = {name: _stack(values) for name, values in self._figures.items()}
        return {"losses": _stack(self._losses), "figures": figures, "sizes": list(self._sizes)}

    def restore(self, saved: Mapping[str, Any]) -> None:
        self._losses = list(saved["losses"])
        self._figures = {name: list(values) for name, values in saved["figures"].items()}
        self._sizes = list(saved["sizes"])
        self._shared = len(self)

    def _mean(self, values: "list[Tensor]") -> float:
        sizes = self._sizes[-len(values) :]
        weighted = [value * size for value, size in zip(_numbers(values), sizes, strict=True)]
        return math.fsum(weighted) / sum(sizes) if all(map(math.isfinite, weighted)) else sum(weighted) / sum(sizes)


def _stack(values: "list[Tensor]") -> "Tensor":
    if len({value.dtype for value in values}) > 1:
        values = [value.float() for value in values]
    return torch.stack(values).float() if values else torch.zeros(0)


def _numbers(values: "list[Tensor]") -> list[float]:
    return [float(value) for value in _stack(values).tolist()]


class Pace:
    """Speed over the most recent steps. Written by the loop, read by the heartbeat's thread: a ring, never resized."""

    def __init__(self, length: int = 128) -> None:
        self._ring: list[tuple[float, float, int]] = [(0.0, 0.0, 0)] * length
        self._count = 0

    def add(self, seconds: float, waiting: float, samples: int) -> None:
        """One step: how long it took, how much of that was waiting for data, and its samples."""
        self._ring[self._count % len(self._ring)] = (seconds, waiting, samples)
        self._count += 1

    def figures(self) -> dict[str, float | None]:
        """samples_per_s, step_time_s (median) and data_wait (share of time) of recent steps; None before the first."""
        recent = self._ring[: min(self._count, len(self._ring))]
        total = sum(item[0] for item in recent)
        if total <= 0:
            return {"samples_per_s": None, "step_time_s": None, "data_wait": None}
        return {
            "samples_per_s": sum(item[2] for item in recent) / total,
            "step_time_s": statistics.median(item[0] for item in recent),
            "data_wait": min(1.0, sum(item[1] for item in recent) / total),
        }

    def mean(self) -> float:
        """Mean seconds of a recent step; 0 before the first."""
        recent = self._ring[: min(self._count, len(self._ring))]
        return sum(item[0] for item in recent) / len(recent) if recent else 0.0
