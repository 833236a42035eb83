"""`[run] tensorboard = true`: the rows of metrics as TensorBoard events, in `tensorboard/` of the run's folder.

metrics.jsonl is the truth and this is its mirror. At the start of an attempt, and after a resume, the file is written
anew from the rows that count; then each new row is appended. Its first event takes back all that a TensorBoard which is
running has read of the file before. The format is TFRecord around five small protobuf messages: written here, so that
hosts need no package for it.
"""

import errno
import os
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from trainer.record import RunReader, atomic
from trainer.record.jsonl import RESUME

FOLDER = "tensorboard"
_NAMES = frozenset({"t", "step", "epoch", "phase"})
_VERSION, _SUMMARY, _SESSION = 3, 5, 7  # fields of an Event
_START = b"\x08\x01"  # a SessionLog whose status is START: forget all events from this one's step on


class Events:
    """The mirror of one run's rows. OSError leaves the file with whole records."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._file: IO[bytes] | None = None

    def follow(self, row: Mapping[str, Any]) -> None:
        """A row that metrics.jsonl has now."""
        if self._file is None or row.get("phase") == RESUME:
            self._anew()
            return
        data = b"".join(_records([{"t": time.time(), **row}]))
        written = self._file.write(data)
        if written != len(data):
            os.ftruncate(self._file.fileno(), os.fstat(self._file.fileno()).st_size - (written or 0))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._run))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _anew(self) -> None:
        """One file of all rows that count, in place of what there was."""
        self.close()
        folder = self._run / FOLDER
        folder.mkdir(exist_ok=True)
        former = sorted(folder.glob("events.out.tfevents.*"))
        now = time.time()
        head = [_record(_event(now, 0, _VERSION, b"brain.Event:2")), _record(_event(now, 0, _SESSION, _START))]
        path = (
            folder / f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        )  # the newest by name
        atomic.replace(path, b"".join([*head, *_records(RunReader(self._run).metrics())]))
        for old in former:
            old.unlink(missing_ok=True)
        self._file = path.open("ab", buffering=0)


def _records(rows: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    for row in rows:
        phase = row.get("phase")
        values = b"".join(
            _field(1, _field(1, f"{phase}/{name}".encode()) + b"\x15" + struct.pack("<f", _narrow(value)))
            for name, value in row.items()
            if name not in _NAMES and isinstance(value, int | float) and not isinstance(value, bool)
        )
        if values:
            yield _record(_event(float(row.get("t") or 0.0), int(row.get("step") or 0), _SUMMARY, values))


def _narrow(value: float) -> float:
    """As 32 bits hold it: TensorBoard keeps no more."""
    try:
        struct.pack("<f", value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return value


def _event(when: float, step: int, field: int, content: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", when) + b"\x10" + _varint(step) + _field(field, content)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checked(length) + data + _checked(data)


def _checked(data: bytes) -> bytes:
    """The CRC-32C, turned and shifted as TFRecord wants it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _entry(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    return number


_TABLE = tuple(map(_entry, range(256)))
