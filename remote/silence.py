"""Who is silent for too long: one thread for all connections of this process, asleep until somebody could be.

A connection says that it heard something with two assignments; only when its time is over is there anything to do, and
that happens on a thread of its own, for it may take long.
"""

import math
import threading
import time
from collections.abc import Callable

_changed = threading.Condition()
_ears: "set[Ear]" = set()
_watchman: "threading.Thread | None" = None


class Ear:
    """Of one connection: `end` is called once, when nothing was heard for `patience` seconds (`first` at the start)."""

    def __init__(self, end: Callable[[], None], patience: float, first: float, name: str) -> None:
        self.silent_for: float | None = None
        self.patience, self.name = patience, name
        self._end = end
        self._heard, self._limit = time.monotonic(), first
        self._ending: threading.Thread | None = None

    def heard(self) -> None:
        """Something came, and we wait for more."""
        self._heard, self._limit = time.monotonic(), self.patience

    def busy(self) -> None:
        """What came is being worked on: until `heard`, silence is our own doing."""
        self._limit = math.inf

    def listen(self) -> None:
        global _watchman  # noqa: PLW0603 - one for all, for as long as there is anybody to watch
        with _changed:
            _ears.add(self)
            if _watchman is None:
                _watchman = threading.Thread(target=_watch, name="silence", daemon=True)
                _watchman.start()
            else:
                _changed.notify_all()

    def stop(self) -> None:
        global _watchman
        with _changed:
            _ears.discard(self)
            last = None
            if not _ears:
                last, _watchman = _watchman, None
                _changed.notify_all()
        for thread in (self._ending, last):
            if thread is not None:
                thread.join()

    def due(self, now: float) -> float:
        """Seconds until it must be looked at again; none when its time is over."""
        left = self._heard + self._limit - now
        return min(left, self.patience)  # the limit may have become shorter meanwhile

    def over(self, now: float) -> None:
        self.silent_for = now - self._heard
        self._ending = threading.Thread(target=self._end, name=f"end of {self.name}", daemon=True)
        self._ending.start()


def _watch() -> None:
    with _changed:
        while _watchman is threading.current_thread():
            now = time.monotonic()
            for ear in [ear for ear in _ears if ear.due(now) <= 0]:
                _ears.discard(ear)
                ear.over(now)
            soonest = min((ear.due(now) for ear in _ears), default=None)
            _changed.wait(None if soonest is None else max(0.01, soonest))
