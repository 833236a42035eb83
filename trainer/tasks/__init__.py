"""What is trained: one package per task, each with settings (no torch), data, models and a `Task` for the loop.

The loop knows only the protocol below. A new system is a new package here and a line in `REGISTRY`: never another loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from trainer.record.status import Finding

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
        """These samples of the split, on the device.

        What it returns must stay valid for two more calls. With `[run] prefetch` it is called in a thread, one call at
        a time, while `loss` works on the batch before. What is random in it comes from the indices alone.
        """

    def loss(self, model: "nn.Module", batch: Batch) -> "tuple[Tensor, dict[str, Tensor]]":
        """The mean loss to step on and further means over the batch, all 0-d tensors left on the device.

        `model(…)` is called once for a batch: several processes exchange gradients through that call.
        """

    def evaluate(self, model: "nn.Module", split: str, device: "torch.device", report: Report) -> Evaluation:
        """Validate. Names of metrics are final: "val_accuracy", "attention_ratio", …"""

    def finish(
        self, history: "list[Mapping[str, Any]]", first: Evaluation | None, last: Evaluation, figures: Path
    ) -> list[Path]:
        """Draw the run's pictures into `figures` from metric rows, first and last validation; return their paths."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of every sample of a split, in the split's order, beside what is true."""

    classes: tuple[str, ...]
    labels: "NDArray[np.int64]"  # [samples]
    logits: "NDArray[np.float32]"  # [samples, classes]
    targets: "NDArray[np.float32] | None" = None  # [samples, values], of a second head
    positions: "NDArray[np.float32] | None" = None  # what is said of the targets
    samples: str = ""  # equal texts mean equal samples: only then are two runs compared sample by sample


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is reached on a split without any of the models; what a baseline does not say is None."""

    accuracy: float | None = None
    error: float | None = None  # mean squared, of the positions


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a run says what it says of one sample: what was measured, as plain values, and the same in sentences."""

    evidence: Mapping[str, Any]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """Where a run looked in one sample: what there was to see, and maps of the same shape over it."""

    title: str
    pictures: "NDArray[np.uint8]"  # [cameras, frames, side, side], or with 3 colours at the end
    maps: "Mapping[str, NDArray[np.float64]]"  # [cameras, frames, side, side] each, not negative, sum 1
    told: tuple[str, ...]  # what should be known of them
    figures: Mapping[str, Any]  # the same for programs


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was handed over, and whether it does what the run did: a figure as recorded, and as found with it."""

    files: tuple[str, ...]
    figure: str
    recorded: float
    found: float
    same: bool


@runtime_checkable
class Bounds(Protocol):
    """A task whose weights must stay within bounds, as norms of filters."""

    def bound(self, model: "nn.Module") -> None:
        """Bring them back, in place. Called after every step of the optimiser."""


@runtime_checkable
class Groups(Protocol):
    """A task whose samples belong to somebody who must not be in two splits."""

    def groups(self, split: str) -> frozenset[str]:
        """Names of those whose samples are in the split."""


@runtime_checkable
class Predicts(Protocol):
    """A task whose runs can be compared sample by sample. Beside `Task`: the loop does not need it."""

    def predictions(self, split: str, found: Evaluation) -> Predictions:
        """What a validation of the split found, for each sample."""


@runtime_checkable
class Augments(Protocol):
    """A task whose training samples look different in every epoch."""

    def epoch(self, number: int) -> None:
        """Training batches that are made from now on are of this epoch, from 1; what is random in them follows it."""


@runtime_checkable
class Tells(Protocol):
    """A task that may find out, while it trains, what a person should know."""

    def findings(self) -> "tuple[Finding, ...]":
        """What is true now; cheap to ask after every row of metrics."""


@runtime_checkable
class Controls(Protocol):
    """A task that says what its models should not be able to do without."""

    def controls(self, model: "nn.Module") -> "Mapping[str, nn.Module]":
        """By name, the model with something taken from what it sees, as "shuffled frames"."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a task's parts are, as "module:name", so that settings can be read without importing torch.

    `settings`: a dataclass; beside it in its module, METRICS names every figure that a criterion may use.
    `task`: a class called as `cls(settings, seed=…, root=folder for data sets, trial=few samples only)`.
    `inspect`: a function `(settings, *, seed, root, picture, verify) -> mapping of plain values`: what the data are,
    made or not. `picture`: where to draw a contact sheet, None: beside the data. `verify`: read every stored byte;
    "damaged" names the files that are not as they were written.
    `baselines`, where a task has any: a function `(settings, *, seed, root, split, report) -> mapping of name to
    Baseline`: what is said without the models, for the rows beside them.
    `explain`, where a task can: a function `(revived, split, row) -> Explanation`: why the run says what it says.
    `attend`, where a task can: a function `(revived, split, row) -> Looked`: where the run looked.
    `export`, where a task can: a function `(revived, file, report) -> Exported`: the run as something to hand in.
    """

    settings: str
    task: str
    inspect: str
    baselines: str = ""
    explain: str = ""
    attend: str = ""
    export: str = ""


REGISTRY: dict[str, Entry] = {
    "images": Entry(
        "trainer.tasks.images.settings:Settings",
        "trainer.tasks.images.task:ImagesTask",
        "trainer.tasks.images.inspect:inspect",
    ),
    "persistence": Entry(
        "trainer.tasks.persistence.settings:Settings",
        "trainer.tasks.persistence.task:PersistenceTask",
        "trainer.tasks.persistence.inspect:inspect",
        attend="trainer.tasks.persistence.looking:attend",
    ),
    "trajectories": Entry(
        "trainer.tasks.trajectories.settings:Settings",
        "trainer.tasks.trajectories.task:TrajectoriesTask",
        "trainer.tasks.trajectories.inspect:inspect",
        baselines="trainer.tasks.trajectories.comparing:baselines",
        explain="trainer.tasks.trajectories.explain.asked:explain",
        attend="trainer.tasks.trajectories.explain.asked:attend",
    ),
    "eeg": Entry(
        "trainer.tasks.eeg.settings:Settings",
        "trainer.tasks.eeg.task:EegTask",
        "trainer.tasks.eeg.inspect:inspect",
        export="trainer.tasks.eeg.export:export",
    ),
}
