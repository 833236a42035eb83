"""Fixtures of the console's unit tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tests_evidence import Evidence


@pytest.fixture
def evidence() -> Evidence:
    return Evidence()
