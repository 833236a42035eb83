"""A file that is only appended to, followed from an offset: whole lines, each byte once."""

from __future__ import annotations

import base64
import os
from typing import Any, Dict, Optional, Tuple

PIECE = 64 * 1024  # read at most so much at one look, so that no stream holds up the others
LONGEST = 1024 * 1024  # a line longer than this is sent in pieces
_REMEMBERED = 64  # bytes before the offset, by which a file that was rewritten in place is recognised


class Stream:
    """`known`: inode and offset that the other side has already."""

    def __init__(self, path: str, folder: str, name: str, known: Optional[Tuple[int, int]] = None) -> None:
        self.path, self.folder, self.name = path, folder, name
        self.mtime = 0.0
        self.more = False  # there is something to read at once
        self._inode: Optional[int] = known[0] if known else None
        self._offset = known[1] if known else 0
        self._searched = self._offset  # up to here there is no newline after the offset
        self._tail = b""
        self._seen: Tuple[int, int] = (-1, -1)
        self._goal: Optional[int] = None

    @property
    def caught_up(self) -> bool:
        """Everything that was there at the first look has been delivered (a torn last line aside)."""
        return self._goal is not None and self._searched >= self._goal

    def look(self) -> Optional[Dict[str, Any]]:
        """At most one chunk of what is new."""
        try:
            info = os.stat(self.path)
            if (info.st_ino, info.st_size) == self._seen and not self.more:
                return None
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            self.more = False
            self._goal = self._goal or 0
            return None
        try:
            return self._read(handle)
        except OSError:
            self.more = False
            return None
        finally:
            os.close(handle)

    def _read(self, handle: int) -> Optional[Dict[str, Any]]:
        info = os.fstat(handle)
        self.mtime = info.st_mtime
        reset = self._is_another(handle, info)
        if reset:
            self._offset = self._searched = 0
            self._tail = b""
        self._inode = info.st_ino
        self._searched = self._offset if info.st_size < self._searched else self._searched
        window = os.pread(handle, PIECE, self._searched)
        cut = window.rfind(b"\n") + 1
        if not cut and self._searched + len(window) - self._offset >= LONGEST:
            cut = len(window)
        data = self._since_offset(handle, window, cut) if cut else b""
        start = self._offset
        self._offset += len(data)
        self._searched = max(self._offset, self._searched + len(window))
        self._tail = (self._tail + data[-_REMEMBERED:])[-_REMEMBERED:]
        self._seen = (info.st_ino, info.st_size)
        self.more = bool(window) and self._searched < info.st_size
        if self._goal is None or reset:
            self._goal = info.st_size
        return self._row(start, data, reset) if data or reset else None

    def _is_another(self, handle: int, info: os.stat_result) -> bool:
        if self._inode is None:
            return False
        if info.st_ino != self._inode or info.st_size < self._offset:
            return True
        size = len(self._tail)
        return os.pread(handle, size, self._offset - size) != self._tail

    def _since_offset(self, handle: int, window: bytes, cut: int) -> bytes:
        held = self._searched - self._offset
        return (os.pread(handle, held, self._offset) if held else b"") + window[:cut]

    def _row(self, start: int, data: bytes, reset: bool) -> Dict[str, Any]:
        row: Dict[str, Any] = {"k": "chunk", "folder": self.folder, "name": self.name}
        row.update(inode=self._inode, start=start)
        try:
            row["text"] = data.decode("utf-8")
        except UnicodeDecodeError:
            row["b64"] = base64.b64encode(data).decode("ascii")
        if reset:
            row["reset"] = True
        return row
