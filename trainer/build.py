"""From a configuration to its task: the one place that turns names into objects."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from trainer.config import Config, resolve
from trainer.tasks import REGISTRY, Task


def data_root(config: Config) -> Path:
    """Where data sets are made and kept."""
    return Path(config.run.data or os.environ.get("TRAJ_DATA") or "~/.trajconsole/data").expanduser()


def package_of(config: Config) -> str:
    """The package in which the task's own classes live."""
    module = REGISTRY[config.task].task.partition(":")[0]
    return module.rpartition(".")[0] or module


def inspect_data(config: Config, *, picture: Path | None = None, verify: bool = False) -> Mapping[str, Any]:
    """What the task says of its data, prepared or not. `picture`: where the contact sheet goes."""
    found: Mapping[str, Any] = resolve(REGISTRY[config.task].inspect)(
        config.settings, seed=config.run.seed, root=data_root(config), picture=picture, verify=verify
    )
    return found


def notes_of(config: Config, task: Task) -> tuple[str, ...]:
    """What every table must say beside the run's figures."""
    return (*(("a trial on a few samples",) if config.run.trial else ()), *task.notes)


def make_task(config: Config, *, trial: bool = False) -> Task:
    """The task, nothing prepared yet. `trial`: a few samples only, for checks."""
    cls = resolve(REGISTRY[config.task].task)
    return cast(
        Task, cls(config.settings, seed=config.run.seed, root=data_root(config), trial=trial or config.run.trial)
    )
