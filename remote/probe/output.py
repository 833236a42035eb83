"""One line at a time on stdout, from any thread. Memory is bounded by not writing ahead: who cannot write, waits."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any, Callable, Dict

Row = Dict[str, Any]


class Output:
    """`gone` is called when nobody reads any more."""

    def __init__(self, descriptor: int, gone: Callable[[], None]) -> None:
        self._descriptor, self._gone = descriptor, gone
        self._lock = threading.Lock()
        self._urgent = False

    def send(self, row: Row) -> None:
        """Write one line, after an urgent one that waits."""
        while self._urgent:
            time.sleep(0.001)
        with self._lock:
            self._write(row)

    def send_urgent(self, make: Callable[[], Row]) -> None:
        """Write the next line. It is made only when it can be written, so that its figures are of that moment."""
        self._urgent = True
        with self._lock:
            self._urgent = False
            self._write(make())

    def _write(self, row: Row) -> None:
        rest = memoryview(json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self._gone()
