"""A channel that says nothing for too long is closed: whoever waits in `recv` hears of it, and tries again."""

import threading
import time
from types import TracebackType

from remote.transport import Channel

SILENT_S = 30.0
_LOOK_S = 0.5


class Quiet:
    """Watches one channel while it is entered. Also closes it when `stop` is set."""

    def __init__(self, channel: Channel, stop: threading.Event) -> None:
        self._channel, self._stop = channel, stop
        self._heard, self._away = time.monotonic(), False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="transfer watch", daemon=True)

    def __enter__(self) -> "Quiet":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def heard(self) -> None:
        """Something came."""
        self._heard, self._away = time.monotonic(), False

    def away(self) -> None:
        """We are busy ourselves (or slow on purpose): its silence is no fault until `heard`."""
        self._away = True

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_S):
            silent = not self._away and time.monotonic() - self._heard > SILENT_S
            if self._stop.is_set() or silent:
                self._channel.close()
                return
