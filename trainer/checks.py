"""What would fail later, found now.

Device, data, model, one real step, a validation, a checkpoint written and read, and the room for it.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from trainer import device as devices
from trainer import order
from trainer.build import data_root, make_task
from trainer.checkpoint import Checkpoints, fingerprint
from trainer.config import Config, metrics_of
from trainer.evaluating import evaluate
from trainer.failure import explain, root
from trainer.order import Part, parts_of
from trainer.schema import ConfigError, nearest
from trainer.stepping import Stepper

SCALING = 24  # steps in which an fp16 loss scale finds its size
KEPT = 4  # checkpoints that may lie on the disk at once: the last two, the best, the one being written


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `trainer check`."""

    name: str
    ok: bool
    seconds: float
    detail: str
    mend: str = ""


class Trial:
    """The steps of a trial run; each returns what it found, in a few words, or raises."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.config, self.folder = config, folder

    def steps(self) -> tuple[tuple[str, Callable[[], str]], ...]:
        return (
            ("device", self.choose_device),
            ("data", self.make_data),
            ("model", self.build_model),
            ("step", self.one_step),
            ("validation", self.validate),
            ("checkpoint", self.checkpoint),
            ("room", self.look_for_room),
        )

    def choose_device(self) -> str:
        devices.set_threads(self.config.run.threads)
        self.device = devices.choose(self.config.run.device)
        found = devices.describe(self.device)
        return f"{found.kind}, {found.name}"

    def make_data(self) -> str:
        self.task = make_task(self.config, trial=True)
        self.task.prepare(_quiet)
        sizes = " / ".join(str(self.task.size(split)) for split in ("train", "val", "test"))
        notes = "".join(f"; {note}" for note in self.task.notes)
        return f"{sizes} samples for the trial (train / val / test){notes}"

    def build_model(self) -> str:
        devices.settle(self.device, self.config.run)
        order.seed_everything(self.config.run.seed)
        self.stepper = Stepper(self.config, self.task, self.device)
        self.model = self.stepper.model
        trainable = sum(item.numel() for item in self.model.parameters() if item.requires_grad)
        return f"{sum(item.numel() for item in self.model.parameters()):,} parameters, {trainable:,} trainable"

    def one_step(self) -> str:
        indices = torch.arange(min(self.config.run.batch, self.task.size("train")))
        before = fingerprint(self.model.state_dict())
        for number in range(1, SCALING + 1):
            loss, _ = self.stepper.step(self.batches(indices), self.config.optim.lr, number)
            if self.stepper.skipped < number:
                break
        if not torch.isfinite(loss):
            raise ValueError(f"the loss of the first step is {float(loss.detach())}")
        if fingerprint(self.model.state_dict()) == before:
            raise ValueError("one step changed no weight: the loss does not depend on the model, or optim.lr is 0")
        return f"batch of {len(indices)}, loss {float(loss.detach()):.4g}, weights moved"

    def batches(self, indices: torch.Tensor) -> Iterator[tuple[Part, Any]]:
        """The step's parts, as the loop would make them."""
        for part in parts_of(indices, 0, 1, self.config.run.accumulate):
            yield part, self.task.batch("train", part.indices, self.device)

    def validate(self) -> str:
        found = evaluate(self.config, self.task, self.stepper.judged, "val", device=self.device, epoch=0, report=_quiet)
        wanted = [rule.metric for rule in self.config.stop.rules] + [self.config.best_metric]
        for metric in wanted:
            if metric and metric not in found.metrics and metric not in metrics_of(self.config.task):
                raise ValueError(f"the validation gives no {metric!r}; {nearest(metric, list(found.metrics))}")
        return "  ".join(f"{name} {value:.3g}" for name, value in found.metrics.items())

    def checkpoint(self) -> str:
        store = Checkpoints(self.folder)
        content = {**self.stepper.saved(), "random": devices.random_state(self.device)}
        self.saved = store.save(content, epoch=0, step=1, metrics={})
        read = store.load(self.device)
        if read is None or fingerprint(read[0]["model"]) != fingerprint(self.model.state_dict()):
            raise ValueError("what was read from the checkpoint is not what was written")
        return f"{self.saved.bytes / 2**20:.1f} MiB written and read, equal"

    def look_for_room(self) -> str:
        need = self.saved.bytes * (KEPT + self.config.checkpoint.keep_best)
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise ValueError(f"{free / 2**20:.0f} MiB free, checkpoints need {need / 2**20:.0f} MiB")
        room = f"{free / 2**30:.1f} GiB free for checkpoints of {need / 2**20:.0f} MiB in all"
        return f"{room}; data in {data_root(self.config)}"


def checks(config: Config, beside: Path) -> Iterator[Check]:
    """Each check as soon as it is done, ending with the first that fails. Leaves nothing behind in `beside`."""
    with tempfile.TemporaryDirectory(prefix=".trainer-check-", dir=beside) as folder:
        for name, step in Trial(config, Path(folder)).steps():
            began = time.monotonic()
            try:
                detail = step()
            except Exception as error:
                what, mend = _fault(error, config)
                yield Check(name, False, time.monotonic() - began, what, mend)
                return
            yield Check(name, True, time.monotonic() - began, detail)


def _quiet(what: str, done: float, total: float | None) -> None:
    """A trial takes seconds: its end is progress enough."""


def _fault(error: Exception, config: Config) -> tuple[str, str]:
    if isinstance(error, ConfigError):
        problem = error.problems[0]
        return f"{problem.key}: {problem.what}" if problem.key else problem.what, problem.mend
    reason, finding = explain(error, config.run)
    known = finding.mend if not finding.mend.endswith("train.log") else "--debug shows the whole traceback"
    return (str(root(error)) if isinstance(error, ValueError) else reason), known
