"""Ways for tests to run the tiny task: in this process, or as a process of its own."""

import contextlib
import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import tiny_task
import torch

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


@contextlib.contextmanager
def registered() -> Iterator[None]:
    """The tiny task known to this process, with one thread as in processes of its own."""
    threads = torch.get_num_threads()
    tiny_task.register()
    try:
        yield
    finally:
        del importlib.import_module("trainer.tasks").REGISTRY["tiny"]
        torch.set_num_threads(threads)


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


def start(*arguments: str) -> ForkServerProcess:
    """The trainer as a process of its own, forked from one that has torch already: starts in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tiny_warm"])
    process = context.Process(target=_trainer, args=(arguments,))
    former = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))  # the server's only sys.path
    try:
        process.start()
    finally:
        del os.environ["PYTHONPATH"]
        if former is not None:
            os.environ["PYTHONPATH"] = former
    return process


def _trainer(arguments: tuple[str, ...]) -> None:
    sys.exit(importlib.import_module("tiny_trainer").main(arguments))
