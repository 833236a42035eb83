"""How fast it may go, and how fast it goes."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

EVERY_S = 0.25  # progress is told at most so often
_WINDOW_S = 5.0


class Bucket:
    """At most `rate` bytes a second over all who share it, however many they are."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0:
            raise ValueError("a limit must be more than nothing")
        self.rate = rate
        self._clock, self._lock = clock, threading.Lock()
        self._due = clock()

    def take(self, amount: int) -> float:
        """Seconds to wait, now that so many bytes went."""
        with self._lock:
            now = self._clock()
            self._due = max(self._due, now - 0.1) + amount / self.rate
            return max(0.0, self._due - now)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. `words` says what is being done when no bytes flow."""

    files: int = 0
    files_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    rate: float | None = None  # bytes a second, over the last few seconds
    eta_s: float | None = None
    words: str = ""


class Meter:
    """Counts, and says now and then how far it is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.files = self.files_total = self.bytes = self.bytes_total = 0
        self._clock = clock
        self._told = clock() - EVERY_S
        self._seen: deque[tuple[float, int]] = deque([(clock(), 0)])

    def due(self) -> Progress | None:
        """A progress, when one has not been told for a while."""
        now = self._clock()
        return self.now() if now - self._told >= EVERY_S else None

    def now(self, words: str = "") -> Progress:
        """How far it is."""
        now = self._told = self._clock()
        self._seen.append((now, self.bytes))
        while now - self._seen[0][0] > _WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()
        began, before = self._seen[0]
        passed = now - began
        rate = (self.bytes - before) / passed if passed > 0 else None
        left = self.bytes_total - self.bytes
        eta = left / rate if rate and left > 0 else None
        return Progress(self.files, self.files_total, self.bytes, self.bytes_total, rate, eta, words)
