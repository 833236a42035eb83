"""A finished run brought back: configuration, data, and a model with the weights of one of its checkpoints."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer import device as devices
from trainer import order
from trainer.build import make_task, package_of
from trainer.checkpoint import Checkpoints, Keep, Saved
from trainer.config import Config, load
from trainer.evaluating import evaluate
from trainer.keepsake import unpack
from trainer.schema import ConfigError, Problem
from trainer.tasks import Evaluation, Report, Task

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Revived:
    """A run's task and model, ready to be looked at."""

    config: Config
    task: Task
    model: "nn.Module"
    device: "torch.device"
    saved: Saved
    first: Evaluation | None

    def evaluate(self, split: str, report: Report, model: "nn.Module | None" = None) -> Evaluation:
        """The task's own validation on a split, as the loop does it; `model` in place of the run's own."""
        if not self.task.size(split):
            raise ConfigError([Problem("--split", None, "", f"the split {split!r} is empty")])
        return evaluate(
            self.config,
            self.task,
            model or self.model,
            split,
            device=self.device,
            epoch=self.saved.epoch,
            report=report,
        )


def revive(folder: Path, which: str, report: Report, device: str = "") -> Revived:
    """`which`: "last", "best", or a file's name in checkpoints/."""
    if not folder.is_dir():
        raise ConfigError([Problem(str(folder), None, "", "is not a run's folder")])
    config = load(str(folder))
    target = devices.choose(device or config.run.device)
    devices.set_threads(config.run.threads)
    store = _store(folder, config)
    saved, content = _content(store, which, target, folder)
    task = make_task(config)
    task.prepare(report)
    order.seed_everything(config.run.seed)
    model = task.model().to(target)
    model.load_state_dict(content.get("average", content["model"]))
    return Revived(config, task, model, target, saved, unpack(content["first"], package_of(config)))


def choose(folder: Path, which: str) -> Saved:
    """The checkpoint that is meant, nothing of it loaded yet."""
    return _saved(_store(folder, load(str(folder))), which, folder)


def saved_in(folder: Path) -> list[Saved]:
    """All checkpoints that a run has, oldest first."""
    return _store(folder, load(str(folder))).entries()


def _store(folder: Path, config: Config) -> Checkpoints:
    return Checkpoints(folder, Keep(metric=config.best_metric, mode=config.best_mode))


def _saved(store: Checkpoints, which: str, folder: Path) -> Saved:
    entries = store.entries()
    chosen = {"last": entries[-1] if entries else None, "best": store.best()}
    chosen |= {entry.file: entry for entry in entries}
    saved = chosen.get(which)
    if saved is None:
        known = ", ".join(name for name, entry in chosen.items() if entry is not None) or "none"
        raise ConfigError([Problem(str(folder), None, "", f"no checkpoint {which!r}", f"there are: {known}")])
    return saved


def _content(store: Checkpoints, which: str, device: "torch.device", folder: Path) -> tuple[Saved, dict[str, Any]]:
    saved = _saved(store, which, folder)
    content, fault = store.read(saved, device)
    if content is None:
        raise ConfigError([Problem(str(folder / "checkpoints" / saved.file), None, "", fault, "try another one")])
    return saved, content
