"""Pictures of a run fetched one at a time, each in a daemon thread; what was fetched of an ended run is kept."""

import threading
from contextlib import suppress

from textual.message import Message
from textual.message_pump import MessagePump

from console.fleet.model import RunKey
from console.source import Actions

LIMIT = 24 * 2**20  # bytes of one picture
_KEPT = 12
_TOLD_EVERY = 256 * 1024


class Fetched(Message):
    """Bytes came, or all of them, or why there are none."""

    def __init__(self, run: RunKey, path: str) -> None:
        super().__init__()
        self.run, self.path = run, path


class Pictures:
    """Of one screen. `actions` blocks; the screen is told by messages."""

    def __init__(self, actions: Actions, screen: MessagePump) -> None:
        self._actions, self._screen = actions, screen
        self._files: dict[tuple[RunKey, str], bytes] = {}
        self._progress: dict[tuple[RunKey, str], int] = {}
        self._failed: dict[tuple[RunKey, str], str] = {}
        self._lock = threading.Lock()

    def get(self, run: RunKey, path: str, *, anew: bool = False) -> bytes | None:
        """The file if it is here; otherwise it is on its way now."""
        key = (run, path)
        with self._lock:
            if key in self._files and not anew:
                return self._files[key]
            if key in self._progress:
                return None
            self._progress[key] = 0
            self._failed.pop(key, None)
        threading.Thread(target=self._fetch, args=key, name=f"picture {path}", daemon=True).start()
        return None

    def coming(self, run: RunKey, path: str) -> int | None:
        """Bytes that have come of a file that is on its way."""
        return self._progress.get((run, path))

    def failed(self, run: RunKey, path: str) -> str:
        """Why it could not be fetched."""
        return self._failed.get((run, path), "")

    def _fetch(self, run: RunKey, path: str) -> None:
        key, told = (run, path), [0]

        def came(size: int) -> None:
            self._progress[key] = size
            if size - told[0] >= _TOLD_EVERY:
                told[0] = size
                self._tell(*key)

        try:
            data = self._actions.fetch(run, path, LIMIT, came)
            with self._lock:
                if len(self._files) >= _KEPT:
                    del self._files[next(iter(self._files))]
                self._files[key] = data
        except Exception as error:  # this thread's end: whatever it is, a person must read it
            mend = getattr(error, "mend", "")
            self._failed[key] = f"{error}   {mend}" if mend else str(error) or type(error).__name__
        finally:
            self._progress.pop(key, None)
            self._tell(*key)

    def _tell(self, run: RunKey, path: str) -> None:
        with suppress(RuntimeError):  # the screen is gone
            self._screen.post_message(Fetched(run, path))
