"""The tiny task registered for this process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from trainer import tasks as task_registry

sys.path.insert(0, str(Path(__file__).parents[2] / "data"))

import tiny_task
from tiny_runs import Tiny


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tiny]:
    monkeypatch.setattr(task_registry, "REGISTRY", dict(task_registry.REGISTRY))
    for module in ("trainer.config", "trainer.build", "tiny_task"):
        monkeypatch.setattr(f"{module}.REGISTRY", task_registry.REGISTRY)
    threads = torch.get_num_threads()
    tiny_task.register()
    yield Tiny(tmp_path)
    torch.set_num_threads(threads)
