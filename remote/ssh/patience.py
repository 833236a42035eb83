"""The wait for a connection that is being made, and its early end from another thread."""

import contextlib
import threading
from collections.abc import Callable

from remote.errors import Unreachable


class Patience:
    """Whoever waits says how to be woken (`wakes`) and asks after each wait whether to go on (`check`)."""

    def __init__(self) -> None:
        self._ways: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._lost = False

    def wakes(self, way: Callable[[], None]) -> None:
        """`way` is called, from another thread, when patience is lost; at once when it is lost already."""
        with self._lock:
            if not self._lost:
                self._ways.append(way)
                return
        way()

    def check(self) -> None:
        if self._lost:
            raise Unreachable("given up: nobody waits for it any more")

    def lose(self) -> None:
        """Wake everybody who waits. Safe to call twice."""
        with self._lock:
            self._lost = True
            ways, self._ways = self._ways, []
        for way in ways:
            with contextlib.suppress(OSError, EOFError):
                way()
