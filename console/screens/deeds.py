"""Actions while they go on: each runs in a daemon thread of its own, its steps reach the screen in batches."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from textual.message import Message

from console.source import Step

Steps = Callable[[], Iterator[Step]]


class DeedMoved(Message):
    """A deed has new steps, or is done."""

    def __init__(self, deed: "Deed") -> None:
        super().__init__()
        self.deed = deed


class Deed:
    """One action on some workers, followed step by step."""

    def __init__(self, name: str, workers: tuple[str, ...], steps: Steps, tell: Callable[[Message], object]) -> None:
        self.name, self.workers = name, workers
        self._make, self._tell = steps, tell
        self._lock = threading.Lock()
        self._steps: list[Step] = []
        self._told = False
        self._done = False

    def begin(self) -> None:
        """Go; returns at once."""
        threading.Thread(target=self._run, name=f"deed {self.name}", daemon=True).start()

    def take(self) -> tuple[Step, ...]:
        """All steps so far; the next one will be told of again."""
        with self._lock:
            self._told = False
            return tuple(self._steps)

    @property
    def done(self) -> bool:
        """Nothing more will come."""
        return self._done

    @property
    def failures(self) -> tuple[Step, ...]:
        """Last words of those that went wrong."""
        return tuple(step for step in self.latest().values() if step.ok is False)

    def latest(self) -> dict[str, Step]:
        """The newest step of each worker."""
        with self._lock:
            return {step.worker: step for step in self._steps}

    def _run(self) -> None:
        try:
            for step in self._make():
                self._add(step)
        except Exception as error:  # this thread's end: whatever it is, a person must read it
            mend = getattr(error, "mend", "")
            what = getattr(error, "what", "") or str(error) or type(error).__name__
            self._add(Step(", ".join(self.workers), what, ok=False, mend=mend))
        self._done = True
        self._send()

    def _add(self, step: Step) -> None:
        with self._lock:
            self._steps.append(step)
            told, self._told = self._told, True
        if not told:
            self._send()

    def _send(self) -> None:
        with suppress(RuntimeError):  # the screen is gone: the deed goes on without it
            self._tell(DeedMoved(self))
