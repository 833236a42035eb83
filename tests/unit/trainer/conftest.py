"""The tiny task registered for this process, and a way to run it here, without a process of its own."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from trainer import config as configuration
from trainer import session
from trainer import tasks as task_registry
from trainer.record import RunReader

sys.path.insert(0, str(Path(__file__).parents[2] / "data"))

import tiny_task

BASE = """
task = "tiny"
[run]
epochs = 4
batch = 8
log_every = 4
device = "cpu"
threads = 1
[optim]
lr = 0.01
"""


class Tiny:
    """Runs the tiny task in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self, *overrides: str) -> configuration.Config:
        return configuration.parse(BASE, "base.toml", overrides, name="tiny")

    def run(self, *overrides: str, name: str = "run", resume: bool = False) -> int:
        return session.run(self.config(*overrides), self.folder / name, resume=resume, since=time.time())

    def reader(self, name: str = "run") -> RunReader:
        return RunReader(self.folder / name)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tiny]:
    monkeypatch.setattr(task_registry, "REGISTRY", dict(task_registry.REGISTRY))
    for module in ("trainer.config", "trainer.build", "tiny_task"):
        monkeypatch.setattr(f"{module}.REGISTRY", task_registry.REGISTRY)
    threads = torch.get_num_threads()
    tiny_task.register()
    yield Tiny(tmp_path)
    torch.set_num_threads(threads)


def plain_rows(reader: RunReader) -> list[dict[str, object]]:
    """The rows that count, without what differs between any two runs: the clock."""
    clocks = ("t", "seconds", "samples_per_s", "step_time_s", "data_wait")
    return [{key: value for key, value in row.items() if key not in clocks} for row in reader.metrics()]
