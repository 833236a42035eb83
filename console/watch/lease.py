"""Only one watch acts: a lock of the kernel, which vanishes with its process."""

import contextlib
import fcntl
import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType

from trainer.record.jsonl import decode_document


class Lease:
    """Of a state folder. `name`: of the watch, or of one part of its work. As a context: let go of at the end."""

    def __init__(self, folder: Path, name: str = "lease") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / name
        self._handle: int | None = None

    def take(self) -> bool:
        """It is ours now, or already was; False while another process has it."""
        if self._handle is not None:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        about = {"pid": os.getpid(), "host": socket.gethostname(), "since": round(time.time(), 3)}
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(about).encode(), 0)
        self._handle = handle
        return True

    def give_up(self) -> None:
        """Another one may have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def holder(self) -> str:
        """Who has it, in words."""
        found = None
        with contextlib.suppress(OSError):
            found = decode_document(self._path.read_bytes())
        return (
            f"process {found['pid']} on {found['host']}" if found and {"pid", "host"} <= set(found) else "another one"
        )

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()
