"""The run's rows, events and files, written so that a full disk pauses the run and does not end it.

A reserve file is kept beside them. When there is no room it is deleted, so that the status can still say so; then the
same write is tried again until it succeeds or somebody asks the run to end.
"""

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from trainer.board import Board
from trainer.record import RunWriter
from trainer.record.status import Finding, Status
from trainer.requests import Requests
from trainer.say import say
from trainer.tensorboard import Events

T = TypeVar("T")

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_ROOM = "disk full"


class Reserve:
    """Room set aside for the words that a run must be able to say when the disk is full."""

    def __init__(self, folder: Path, size: int) -> None:
        self._path, self._size = folder / ".reserve", size

    def take(self) -> None:
        """Set the room aside, if there is any."""
        try:
            if self._size and not self._path.exists():
                self._path.write_bytes(bytes(self._size))
        except OSError:
            self.release()

    def release(self) -> None:
        """Give it back."""
        if self._size:
            self._path.unlink(missing_ok=True)


class Silent:
    """A writer that writes nothing: what the ranks of a run have that are not the one which writes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def status(self, status: Status) -> None: ...

    def metric(self, row: Mapping[str, Any]) -> None: ...

    def event(self, kind: str, **details: Any) -> None: ...

    def document(self, name: str, value: Mapping[str, Any]) -> None: ...


class Journal:
    """Writes for the loop. `board` shows the pause; `requests` can end it."""

    def __init__(self, writer: RunWriter | Silent, board: Board, requests: Requests, *, retry: float = 2.0) -> None:
        self._writer, self.board, self.requests, self._retry = writer, board, requests, retry
        self._reserve = Reserve(writer.path, 0 if isinstance(writer, Silent) else 256 * 1024)
        self._reserve.take()
        board.failed = self._status_failed
        self.folder = writer.path
        self.events: Events | None = None  # a mirror of the rows, when one is wanted

    def metric(self, row: Mapping[str, Any]) -> None:
        self.patiently("a row of metrics", lambda: self._writer.metric(row))
        if (events := self.events) is not None:
            self.patiently("TensorBoard events", lambda: events.follow(row))

    def event(self, kind: str, **details: Any) -> None:
        """For the audit of the run; an event that cannot be written now is said in the log alone."""
        try:
            self._writer.event(kind, **details)
        except OSError as error:
            say(f"event {kind} could not be written: {error.strerror}")

    def document(self, name: str, value: Mapping[str, Any]) -> None:
        self.patiently(name, lambda: self._writer.document(name, value))

    def warning(self, text: str) -> None:
        say(f"warning: {text}")
        self.event("warning", text=text)

    def patiently(self, what: str, write: Callable[[], T]) -> T:
        """Write; while the disk is full, wait for room. Raises Interrupted when the run is asked to end meanwhile."""
        waiting = False
        while True:
            try:
                done = write()
            except OSError as error:
                if error.errno not in FULL:
                    raise
                if not waiting:
                    waiting = True
                    self._pause(what, error)
            else:
                if waiting:
                    self._go_on(what)
                self._reserve.take()
                return done
            ends = time.monotonic() + self._retry
            while time.monotonic() < ends:
                self.requests.raise_if_asked()
                time.sleep(0.05)

    def close(self) -> None:
        self._reserve.release()
        if self.events is not None:
            self.events.close()

    def _status_failed(self, error: OSError) -> None:
        if error.errno in FULL:
            self._reserve.release()

    def _pause(self, what: str, error: OSError) -> None:
        self._reserve.release()
        self._former_phase = self.board.status.phase
        proof = f"{error.strerror} while writing {what}; {room(self.folder)}"
        say(f"paused: {proof}; waiting for room, then going on")
        mend = f"make room on the filesystem of {self.folder}; the run goes on by itself, nothing is lost"
        self.board.find(Finding(NO_ROOM, proof, mend))
        self.board.now(phase=NO_ROOM)
        self.event("disk full", what=what, error=str(error.strerror))

    def _go_on(self, what: str) -> None:
        self.board.forget(NO_ROOM)
        self.board.now(phase=self._former_phase)
        self.event("disk has room", what=what)
        say("there is room again: going on")

    _former_phase = ""


def room(folder: Path) -> str:
    """Free room of the folder's filesystem, for people."""
    try:
        found = os.statvfs(folder)
    except OSError as error:
        return f"free room unknown: {error.strerror}"
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    return f"{free / 2**20:.1f} of {total / 2**20:.0f} MiB free"
