"""On a laptop there is no torch: what need not have it works without."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_runs import BASE, environment

BLOCKER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "numpy", "matplotlib", "safetensors", "PIL"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
from trainer.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKER, *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["", "run", "check", "config", "data", "evaluate", "figures"])
def test_help_needs_no_torch(command: str) -> None:
    done = without_torch(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: trainer")


def test_a_misspelt_key_is_found_without_torch(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(BASE.replace("tiny", "persistence").replace("epochs", "epohs"))
    done = without_torch("run", str(config), "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 2
    assert done.stderr == f"trainer: {config}:4: run.epohs: unknown key — did you mean 'epochs'?\n"


def test_training_without_torch_says_so_in_the_status(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(BASE.replace("tiny", "persistence"))
    done = without_torch("run", str(config), "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 1
    status = (tmp_path / "run/status.json").read_text()
    assert "a package is missing" in status and "pip install 'trajconsole[train]'" in status
