"""A question that may be slow or never answered, asked on a thread of its own, so that nothing waits for it."""

from __future__ import annotations

import threading
import time
import traceback
from typing import Callable, Generic, Optional, TypeVar

Answer = TypeVar("Answer")


class Sampler(Generic[Answer]):
    """`ask` is called every `every` seconds, one call at a time; `latest` is what it answered last."""

    def __init__(self, name: str, ask: Callable[[], Answer], every: float) -> None:
        self.latest: Optional[Answer] = None
        self.answered = threading.Event()
        self._ask, self._every = ask, every
        self._asked: Optional[float] = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def waiting(self) -> float:
        """Seconds that the question has been open; 0 when none is."""
        asked = self._asked
        return 0.0 if asked is None else time.monotonic() - asked

    def _run(self) -> None:
        while True:
            began = self._asked = time.monotonic()
            try:
                self.latest = self._ask()
            except Exception:  # asked again; the console keeps what is said on stderr
                traceback.print_exc()
            self._asked = None
            self.answered.set()
            time.sleep(max(self._every / 2, self._every - (time.monotonic() - began)))
