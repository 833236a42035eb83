"""Work beside the screen: one daemon thread that runs errands, one after the other.

An errand is a function that looks something up and returns how to take it over; that second function runs where the
sources live (the event loop), so that they are only ever changed there.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue

Outcome = Callable[[], None]
Errand = Callable[[], Outcome]
SLICE_S = 0.08  # an errand returns after about so long with what it has


def until() -> Callable[[], bool]:
    """True while an errand may go on."""
    end = time.monotonic() + SLICE_S
    return lambda: time.monotonic() < end


class Runner:
    """Runs one errand at a time; `done` is called in its thread when the outcome can be taken."""

    def __init__(self, done: Callable[[], object]) -> None:
        self._asked: SimpleQueue[Errand | None] = SimpleQueue()
        self._outcome: Outcome | None = None
        self._done = done
        self.busy = False
        threading.Thread(target=self._run, name="log reader", daemon=True).start()

    def ask(self, errand: Errand) -> None:
        """Begin this one; only while not busy."""
        assert not self.busy
        self.busy = True
        self._asked.put(errand)

    def take(self) -> bool:
        """Take over the outcome, when there is one."""
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            return False
        self.busy = False
        outcome()
        return True

    def close(self) -> None:
        """End the thread after its errand."""
        self._asked.put(None)

    def _run(self) -> None:
        while (errand := self._asked.get()) is not None:
            try:
                self._outcome = errand()
            except Exception as error:  # it must not end here, unseen, with the screen waiting for ever
                self._outcome = partial(_failed, error)
            with suppress(RuntimeError):  # the screen is gone
                self._done()


def _failed(error: Exception) -> None:
    raise error
