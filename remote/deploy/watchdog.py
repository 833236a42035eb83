"""What ends a transfer that stands still."""

import threading
from collections.abc import Callable
from types import TracebackType


class Watchdog:
    """Calls `end` once when nobody has said `alive` for so many seconds; `barked` tells afterwards."""

    def __init__(self, end: Callable[[], None], seconds: float) -> None:
        self._end, self._seconds = end, seconds
        self._heard, self._over = threading.Event(), False
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self.barked = False

    def alive(self) -> None:
        self._heard.set()

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over = True
        self._heard.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over:
            self._heard.clear()
            if not self._over and not self._heard.wait(self._seconds):
                self.barked = True
                self._end()
                return
