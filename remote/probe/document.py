"""A file that is replaced whole, sent when its text has changed."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Optional, Tuple

LARGEST = 4 * 1024 * 1024
_FRESH = 0.1  # a file written this recently may be written again within one tick of the filesystem's clock


class Document:
    """`text` is what was sent last, kept only for the caller of the same look."""

    def __init__(self, path: str, folder: str, name: str) -> None:
        self.path, self.folder, self.name = path, folder, name
        self.text: Optional[str] = None
        self.mtime = 0.0
        self._seen: Optional[Tuple[int, int, int]] = None
        self._sent: Optional[int] = None  # hash of what was sent; None: nothing, or that it is gone

    def look(self) -> Optional[Dict[str, Any]]:
        """The document when it is new, has changed, or is gone."""
        try:
            info = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return self._missing()
        except OSError as error:
            return self._changed(None, 0.0, str(error.strerror))
        seen = (info.st_ino, info.st_size, info.st_mtime_ns)
        if seen == self._seen:
            return None
        self.mtime = info.st_mtime
        self._seen = None if abs(time.time() - info.st_mtime) < _FRESH else seen
        return self._read(info)

    def _read(self, info: os.stat_result) -> Optional[Dict[str, Any]]:
        if info.st_size > LARGEST:
            return self._changed(None, info.st_mtime, "larger than %d bytes: not read" % LARGEST)
        try:
            with open(self.path, "rb", opener=_open) as file:
                data = file.read(LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return self._missing()
        except OSError as error:
            return self._changed(None, info.st_mtime, str(error.strerror))
        return self._changed(data.decode("utf-8", "replace"), info.st_mtime, "")

    def _missing(self) -> Optional[Dict[str, Any]]:
        if self._sent is None:
            return None
        self._seen = self._sent = self.text = None
        return {"k": "doc", "folder": self.folder, "name": self.name, "text": None}

    def _changed(self, text: Optional[str], mtime: float, problem: str) -> Optional[Dict[str, Any]]:
        mark = hash((text, problem))
        if mark == self._sent:
            return None
        self._sent, self.text = mark, text
        row: Dict[str, Any] = {"k": "doc", "folder": self.folder, "name": self.name, "text": text, "mtime": mtime}
        if problem:
            row["problem"] = problem
        return row


def _open(path: str, flags: int) -> int:
    """A pipe in place of a file must not stop the probe."""
    return os.open(path, flags | os.O_NONBLOCK)
