"""Where the bytes of a log come from: a file that grows, may be cut or replaced; or text that is held in memory."""

import contextlib
import os
from pathlib import Path
from typing import Protocol

from console.format import size as bytes_size

LONGEST = 32 * 1024  # bytes of one line that are looked at
_AHEAD = 64 * 1024
_TAIL = 4 * 1024  # where the last state of a progress bar is looked for


class Readable(Protocol):
    """Bytes by their place. `version` changes when what was read before is no longer there."""

    version: int

    def size(self) -> int:
        """How many bytes there are now."""

    def read(self, start: int, length: int) -> bytes:
        """Fewer at the end. Safe in any thread."""

    def modified(self) -> float:
        """When the last byte came."""

    def close(self) -> None: ...


class DiskFile:
    """A file; it need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = 0
        self._file = -1
        self._known: tuple[int, int, int] = (0, 0, 0)  # device, inode, size
        self._time = 0.0

    def size(self) -> int:
        try:
            now = self.path.stat()
        except OSError:
            return self._known[2]  # gone: what was opened can still be read
        device, inode, size = self._known
        if self._file < 0 or (now.st_dev, now.st_ino) != (device, inode):
            self._open()
        elif now.st_size < size:
            self.version += 1
        self._known = (now.st_dev, now.st_ino, now.st_size)
        self._time = now.st_mtime
        return now.st_size

    def read(self, start: int, length: int) -> bytes:
        if self._file < 0:
            return b""
        try:
            return os.pread(self._file, length, start)
        except OSError:
            return b""

    def modified(self) -> float:
        return self._time

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        again = self._file >= 0
        with contextlib.suppress(OSError):
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            if again:
                os.dup2(file, self._file)
                os.close(file)
                self.version += 1
            else:
                self._file = file


class HeldText:
    """Lines that are in memory: the end of a log that no file on this laptop has."""

    def __init__(self, data: bytes = b"", time: float = 0.0) -> None:
        self.version = 0
        self._data = bytearray(data)
        self._time = time

    def size(self) -> int:
        return len(self._data)

    def read(self, start: int, length: int) -> bytes:
        return bytes(self._data[start : start + length])

    def modified(self) -> float:
        return self._time

    def add(self, data: bytes, time: float) -> None:
        """More of it."""
        self._data += data
        self._time = time

    def replace(self, data: bytes, time: float) -> None:
        """Another text."""
        self._data, self._time = bytearray(data), time
        self.version += 1

    def close(self) -> None: ...


def end_of_line(file: Readable, start: int, size: int) -> int:
    """Where the line that goes on at `start` ends: its newline, or the end of what is there."""
    while start < size:
        data = file.read(start, min(_AHEAD, size - start))
        if not data:
            break
        found = data.find(b"\n")
        if found >= 0:
            return start + found
        start += len(data)
    return min(start, size)


def long_line(file: Readable, start: int, end: int) -> bytes:
    """Of a line of any length, what is worth looking at: the last state of a progress bar, else its beginning."""
    if end - start <= LONGEST:
        return file.read(start, end - start)
    tail = file.read(end - _TAIL, _TAIL)
    last = tail.rstrip(b"\r").rfind(b"\r")
    if last >= 0:
        return tail[last:]
    return file.read(start, LONGEST) + f" … {bytes_size(end - start)}".encode()


def lines_at(file: Readable, start: int, count: int, size: int) -> list[bytes]:
    """So many lines from the beginning of a line on, without their newlines."""
    found: list[bytes] = []
    while len(found) < count and start < size:
        data = file.read(start, min(_AHEAD, size - start))
        if not data:
            break
        whole = data.rfind(b"\n") + 1
        if whole == 0:
            end = end_of_line(file, start + len(data), size)
            found.append(long_line(file, start, end))
            start = end + 1
            continue
        found += data[: whole - 1].split(b"\n")
        start += whole
    return found[:count]
