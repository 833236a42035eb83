"""What is trained: one package per task, each with settings (no torch), data, models and a `Task` for the loop.

The loop knows only the protocol below. A new system is a new package here and a line in `REGISTRY`: never another loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Batch = Any  # whatever the task's `batch` returns and its `loss` takes
Report = Callable[
    [str, float, float | None], None
]  # (what, done, total): progress for status.json, cheap to call often


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one validation, and whatever `finish` wants to draw from later (kept for the newest and the first)."""

    metrics: Mapping[str, float]
    details: Any = None


class Task(Protocol):
    """One kind of training. Everything random is a function of the seed and of indices that the loop hands in."""

    notes: tuple[str, ...]  # what every table must say beside this run's figures

    def prepare(self, report: Report) -> None:
        """Make or load the data; may take minutes; safe to be killed at any point and called again."""

    def model(self) -> "nn.Module":
        """A new model, initialised from torch's global generator, which the loop has seeded."""

    def size(self, split: str) -> int:
        """Samples in "train", "val" or "test"."""

    def batch(self, split: str, indices: "Tensor", device: "torch.device") -> Batch:
        """These samples of the split, on the device."""

    def loss(self, model: "nn.Module", batch: Batch) -> "tuple[Tensor, dict[str, Tensor]]":
        """The loss to step on and further figures, all 0-d tensors left on the device."""

    def evaluate(self, model: "nn.Module", split: str, device: "torch.device", report: Report) -> Evaluation:
        """Validate. Names of metrics are final: "val_accuracy", "attention_ratio", …"""

    def finish(
        self, history: "list[Mapping[str, Any]]", first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        """Draw the run's pictures into `figures` from metric rows, first and last validation; return their paths."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a task's parts are, as "module:name", so that settings can be read without importing torch.

    `settings`: a dataclass; beside it in its module, METRICS names every figure that a criterion may use.
    `task`: a class called as `cls(settings, seed=…, root=folder for data sets, trial=few samples only)`.
    `inspect`: a function `(settings, *, seed, root, picture, verify) -> mapping of plain values`: what the data are,
    made or not. `picture`: where to draw a contact sheet, None: beside the data. `verify`: read every stored byte;
    "damaged" names the files that are not as they were written.
    """

    settings: str
    task: str
    inspect: str


REGISTRY: dict[str, Entry] = {
    "persistence": Entry(
        "trainer.tasks.persistence.settings:Settings",
        "trainer.tasks.persistence.task:PersistenceTask",
        "trainer.tasks.persistence.inspect:inspect",
    ),
    "eeg": Entry(
        "trainer.tasks.eeg.settings:Settings", "trainer.tasks.eeg.task:EegTask", "trainer.tasks.eeg.inspect:inspect"
    ),
}
