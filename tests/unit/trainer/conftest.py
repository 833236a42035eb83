"""The tiny task, registered for this process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[2] / "data"))

from tiny_runs import Tiny, registered

# On a machine that is busy with other things, slow is not wrong.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    with registered():
        yield Tiny(tmp_path)
