"""Writes a session while it is on the screen. A recorder that can write no more says so once and goes quiet."""

import gzip
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from console.fleet.model import Planned
from console.recording import SCHEMA
from console.recording.lines import encode
from remote.events import Event

FLUSH_S = 1.0  # what a killed console may lose


class Recorder:
    """One file, made anew; only its owner may read it. FileExistsError when it is there."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.problem = path, ""
        self._clock, self._flushed = clock, 0.0
        self._raw = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=3, mtime=0)
        self._write({"k": "trajconsole", "schema": SCHEMA, "time": clock()})

    def plan(self, hosts: Sequence[str], planned: Sequence[Planned], races: Mapping[str, Sequence[str]]) -> None:
        """The configuration is this from now on."""
        workers = [[item.worker, item.host, item.since] for item in planned]
        self._write({"k": "plan", "at": self._clock(), "hosts": list(hosts), "planned": workers,
                     "races": {name: list(names) for name, names in races.items()}})  # fmt: skip

    def batch(self, host: str, events: Sequence[Event], when: float) -> None:
        """A host said this."""
        self._write(
            {"k": "batch", "at": self._clock(), "t": when, "host": host, "events": [encode(event) for event in events]}
        )

    def close(self) -> None:
        try:
            self._file.close()
            self._raw.close()
        except OSError as error:
            self._fail(error)

    def _write(self, row: Mapping[str, Any]) -> None:
        if self.problem or self._file.closed:
            return
        try:
            self._file.write(json.dumps(row, separators=(",", ":"), default=str).encode() + b"\n")
            now = time.monotonic()
            if now - self._flushed >= FLUSH_S:
                self._flushed = now
                self._file.flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.problem = self.problem or f"the recording {self.path} ends here: {error.strerror}"
