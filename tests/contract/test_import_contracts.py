"""The import contracts hold, and each of them breaks when its layer is crossed."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PACKAGES = ("console", "remote", "trainer")

CROSSINGS = {
    "the trainer knows neither hosts nor screens": ("trainer/schema.py", "import remote.errors"),
    "the remote layer knows neither training nor screens": ("remote/errors.py", "import trainer.record"),
    "the console reads run directories and configurations, and trains nothing": ("console/source.py", "import torch"),
    "the console knows of the trainer only the run directory and typed TOML": (
        "console/source.py",
        "import trainer.config",
    ),
    "the console speaks to hosts only through the remote layer": ("console/source.py", "import psutil"),
    "the contract half of the trainer is standard library only": ("trainer/record/jsonl.py", "import numpy"),
    "the fleet is pure: no screens and no threads below it": ("console/fleet/model.py", "import threading"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house's code alone, to be broken."""
    for package in PACKAGES:
        shutil.copytree(HOUSE / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_has_a_crossing() -> None:
    config = tomllib.loads((HOUSE / "pyproject.toml").read_text())
    assert {contract["name"] for contract in config["tool"]["importlinter"]["contracts"]} == set(CROSSINGS)


def test_the_house_keeps_its_contracts(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("contract", CROSSINGS)
def test_a_crossing_breaks_the_contract(copy: Path, contract: str) -> None:
    file, crossing = CROSSINGS[contract]
    path = copy / file
    path.write_text(path.read_text() + f"\n\n{crossing}\n")
    result = lint(copy)
    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout


def test_the_console_may_know_nothing_else_of_the_trainer() -> None:
    config = tomllib.loads((HOUSE / "pyproject.toml").read_text())
    (contract,) = [c for c in config["tool"]["importlinter"]["contracts"] if "only the run directory" in c["name"]]
    parts = (HOUSE / "trainer").iterdir()
    there = {path.stem for path in parts if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set(contract["forbidden_modules"]) == {
        f"trainer.{name}" for name in there - {"__init__", "__main__", "outcomes", "record", "schema"}
    }
