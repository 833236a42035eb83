"""Ways for tests to run the tiny task: in this process, or as a process of its own."""

import os
import subprocess
import sys
import time
from pathlib import Path

from trainer import config as configuration
from trainer import session
from trainer.record import RunReader

TRAINER = (sys.executable, str(Path(__file__).parent / "tiny_trainer.py"))
ROOT = Path(__file__).parents[2]

BASE = """
task = "tiny"
[run]
epochs = 4
batch = 8
log_every = 4
device = "cpu"
threads = 1
[optim]
lr = 0.01
"""


class Tiny:
    """Runs the tiny task in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self, *overrides: str) -> configuration.Config:
        return configuration.parse(BASE, "base.toml", overrides, name="tiny")

    def run(self, *overrides: str, name: str = "run", resume: bool = False) -> int:
        return session.run(self.config(*overrides), self.folder / name, resume=resume, since=time.time())

    def reader(self, name: str = "run") -> RunReader:
        return RunReader(self.folder / name)


def plain_rows(reader: RunReader) -> list[dict[str, object]]:
    """The rows that count, without what differs between any two runs: the clock."""
    clocks = ("t", "seconds", "samples_per_s", "step_time_s", "data_wait")
    return [{key: value for key, value in row.items() if key not in clocks} for row in reader.metrics()]


def environment(**more: str) -> dict[str, str]:
    """For processes: the packages of this checkout, output at once."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def trainer(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command of the trainer to its end."""
    return subprocess.run(
        [*TRAINER, *arguments], env=environment(**more), capture_output=True, text=True, timeout=120, check=False
    )
