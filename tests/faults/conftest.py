"""The tiny task, registered for this process."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))

from tiny_runs import Tiny, registered


@pytest.fixture
def tiny() -> Iterator[Tiny]:
    """In memory where that can be had: dozens of checkpoints, each waiting for a shared disk, take long."""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder, registered():
        yield Tiny(Path(folder))
