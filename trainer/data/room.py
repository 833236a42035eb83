"""A disk that fills up while data are made: wait, say so, go on when there is room. Nothing that was made is lost."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from trainer.journal import FULL, NO_ROOM, room
from trainer.tasks import Report

T = TypeVar("T")

RETRY_S = 1.0


def patiently(write: Callable[[], T], folder: Path, report: Report, done: float, total: float) -> T:
    """What `write` returns; while the disk is full, it is tried again until it succeeds or `report` raises.

    What is reported meanwhile begins with NO_ROOM, so that whoever shows it can make a state of it.
    """
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in FULL:
                raise
        ends = time.monotonic() + RETRY_S
        while time.monotonic() < ends:
            report(f"{NO_ROOM}: waiting for room in {folder}; {room(folder)}", done, total)
            time.sleep(0.05)
