"""One thread for torch, and a small folder of generated recordings that is made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from trainer.tasks.eeg.data.made import make
from trainer.tasks.eeg.settings import Made

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

SMALL = Made(subjects=6, trials=6, channels=3, rate=100)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(SMALL, 0, tmp_path_factory.mktemp("made"), lambda what, done, total: None)
