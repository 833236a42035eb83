"""The one writer of a run directory. Two writers would tear each other's files: the lock makes the second one fail."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from trainer.record import atomic, files
from trainer.record.jsonl import encode
from trainer.record.status import Status


class RunLocked(RuntimeError):
    """Another process writes this run directory."""


class RunWriter:
    """Writes status, metrics and events of one run. Use as a context manager, or call `close`."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        path.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(path / files.LOCK)
        self._metrics = _open_lines(path / files.METRICS)
        self._events = _open_lines(path / files.EVENTS)

    def __enter__(self) -> "RunWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def status(self, status: Status) -> None:
        """Replace status.json; on a full disk write over it, so that the run can say what it waits for."""
        path, data = self.path / files.STATUS, encode(status.to_json())
        try:
            atomic.replace(path, data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not path.exists():
                raise
            atomic.overwrite(path, data)

    def metric(self, row: Mapping[str, Any]) -> None:
        """Append one row to metrics.jsonl: step, epoch, phase, and any names with numbers. Adds the time."""
        self._append(self._metrics, row)

    def event(self, kind: str, **details: Any) -> None:
        """Append one event to events.jsonl: what happened, for the audit of the run."""
        self._append(self._events, {"event": kind, **details})

    def document(self, name: str, value: Mapping[str, Any]) -> None:
        """Replace a JSON document (results.json) atomically and durably."""
        atomic.replace(self.path / name, encode(value), durable=True)

    def close(self) -> None:
        """Release the lock. A killed process releases it as well: the kernel does it."""
        for file in (self._metrics, self._events, self._lock):
            file.close()

    def _append(self, file: IO[bytes], row: Mapping[str, Any]) -> None:
        # One unbuffered write per line: O_APPEND makes it land whole behind whatever is there.
        line = encode({"t": round(self._clock(), 3), **row})
        written = file.write(line)
        if written != len(line):  # the disk became full within the line: no reader has taken the torn part yet
            os.ftruncate(file.fileno(), os.fstat(file.fileno()).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))


def _take_lock(path: Path) -> IO[bytes]:
    file = path.open("ab", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise RunLocked(
            f"{path.parent} is being written by another process: stop it first, or choose another run"
        ) from error
    return file


def _open_lines(path: Path) -> IO[bytes]:
    """Open for appending; a torn last line of a killed writer is closed, so that it cannot spoil the next one."""
    file = path.open("ab", buffering=0)
    size = os.fstat(file.fileno()).st_size
    if size:
        with path.open("rb") as reader:
            reader.seek(size - 1)
            if reader.read(1) != b"\n":
                file.write(b"\n")
    return file
