"""Fixtures of the console's unit tests."""

import pytest
from fleet_evidence import Evidence


@pytest.fixture
def evidence() -> Evidence:
    return Evidence()
