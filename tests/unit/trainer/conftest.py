"""The tiny task, registered for this process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "data"))

from tiny_runs import Tiny, registered


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    with registered():
        yield Tiny(tmp_path)
