"""What seldom changes about a host, looked up at the start and then rarely, on a thread that yields to everybody."""

from __future__ import annotations

import os
import threading
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
    """For ever. A disk that hangs holds up nobody but this thread."""
    _yield_to_all()
    time.sleep(after)
    home = os.path.expanduser("~")
    while True:
        row = read()
        send(row)
        send(dict(row, caches=caches.measure(caches.known(home, os.environ)), whole=True))
        time.sleep(EVERY)


def _yield_to_all() -> None:
    """The lowest priority for this thread alone; where that cannot be had, it goes without."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    except OSError:
        pass
