"""The fixture of the console's integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from console_house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()
