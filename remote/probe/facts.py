"""What seldom changes about a host, looked up at the start and then rarely, on a thread of its own.

Not at a low priority: a thread that the scheduler starves while it holds the interpreter's lock would hold up the
heartbeat of a busy host. Politeness is a matter of pauses (`caches`).
"""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict

from remote.probe import blocks, caches

AFTER = 5.0  # a console that only asks for the state is gone by then
EVERY = 1800.0


def read() -> Dict[str, Any]:
    """The row, without the caches: they can be large."""
    sees = os.access("/proc/1/stat", os.R_OK) if os.path.isdir("/proc/self") else True
    return {"k": "facts", "blocks": blocks.read(), "caches": [], "sees_others": sees, "whole": False}


def tell(send: Callable[[Dict[str, Any]], None], after: float = AFTER) -> None:
    """For ever; caches not before `after` seconds. A disk that hangs holds up nobody but this thread."""
    home = os.path.expanduser("~")
    row = read()
    send(row)
    time.sleep(after)
    while True:
        send(dict(row, caches=caches.measure(caches.known(home, os.environ)), whole=True))
        time.sleep(EVERY)
        row = read()
