"""The status of the run, kept current by a thread of its own: a stuck training still shows a living process.

The loop only assigns attributes; the thread turns them into status.json a few times a second. `heartbeat` is the
thread's, `progress_at` the loop's: a heartbeat without progress is a stall, no heartbeat is a dead process. A status
that cannot be written never disturbs training.
"""

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from trainer.record.status import Finding, Progress, Status

Writer = Callable[[Status], None]


class Board:
    """Holds the newest status and writes it: at once on `now`, else at most once in `interval` seconds."""

    def __init__(
        self,
        write: Writer,
        status: Status,
        *,
        interval: float = 0.3,
        beat: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._write, self._status = write, status
        self._interval, self._beat, self._clock = interval, beat, clock
        self._lock = threading.RLock()
        self._changed, self._written = True, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self.measure: Callable[[], Mapping[str, Any]] = dict  # figures that are only worth computing when written
        self.progress_at: float | None = None
        self.failed: Callable[[OSError], None] = _nothing  # told of status writes that failed

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread. The last status stays as `now` wrote it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    @property
    def status(self) -> Status:
        return self._status

    def moved(self) -> None:
        """The training moved: a step, a batch of a validation, a piece of data."""
        self.progress_at = self._clock()
        self._changed = True

    def set(self, **changes: Any) -> None:
        """Change the status; written within the interval."""
        with self._lock:
            self._status = dataclasses.replace(self._status, **changes)
            self._changed = True

    def now(self, **changes: Any) -> None:
        """Change the status and write it at once: for changes of state."""
        with self._lock:
            self.set(**changes)
            self._publish()

    def report(self, what: str, done: float, total: float | None) -> None:
        """Progress of work without steps."""
        now = self._clock()
        with self._lock:
            old = self._status.progress
            if old is None or old.what != what or done < old.done:
                self._began = (now, done)
            since, first = self._began
            rate = (done - first) / (now - since) if now > since else 0.0
            eta = (total - done) / rate if total is not None and rate > 0 else None
            self.set(progress=Progress(what, done, total, eta))
        self.moved()

    def find(self, finding: Finding) -> None:
        """Add a finding, in place of an older one of the same kind."""
        with self._lock:
            others = tuple(item for item in self._status.findings if item.what != finding.what)
            self.now(findings=(*others, finding))

    def forget(self, what: str) -> None:
        """Drop the finding of this kind: it is no longer true."""
        with self._lock:
            self.now(findings=tuple(item for item in self._status.findings if item.what != what))

    _began: tuple[float, float] = (0.0, 0.0)

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            if self._changed or self._clock() - self._written >= self._beat:
                with self._lock:
                    if not self._ended.is_set():
                        self._publish()

    def _publish(self) -> None:
        now = self._clock()
        self._changed, self._written = False, now
        status = dataclasses.replace(self._status, heartbeat=now, progress_at=self.progress_at, **self.measure())
        try:
            self._write(status)
        except OSError as error:
            self._changed = True
            self.failed(error)


def _nothing(error: OSError) -> None:
    """A status that could not be written is written again soon: nothing to do."""
