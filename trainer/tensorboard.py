"""`[run] tensorboard = true`: the rows of metrics as TensorBoard events, in `tensorboard/` of the run's folder.

metrics.jsonl is the truth and this is its mirror. At the start of an attempt, and after a resume, the file is written
anew from the rows that count; then each new row is appended. Its first event takes back all that a TensorBoard which is
running has read of the file before.
"""

import errno
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from trainer.record import RunReader, atomic
from trainer.record.jsonl import RESUME
from trainer.record.tfevents import beginning, records

FOLDER = "tensorboard"


class Events:
    """The mirror of one run's rows. OSError leaves the file with whole records."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._file: IO[bytes] | None = None

    def follow(self, row: Mapping[str, Any]) -> None:
        """A row that metrics.jsonl has now."""
        if self._file is None or row.get("phase") == RESUME:
            self._anew()
            return
        data = b"".join(records([{"t": time.time(), **row}]))
        written = self._file.write(data)
        if written != len(data):
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._run))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _anew(self) -> None:
        """One file of all rows that count, in place of what there was."""
        self.close()
        folder = self._run / FOLDER
        folder.mkdir(exist_ok=True)
        former = sorted(folder.glob("events.out.tfevents.*"))
        now = time.time()
        path = (
            folder / f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        )  # the newest by name
        atomic.replace(path, b"".join([beginning(now), *records(RunReader(self._run).metrics())]))
        for old in former:
            old.unlink(missing_ok=True)
        self._file = path.open("ab", buffering=0)
