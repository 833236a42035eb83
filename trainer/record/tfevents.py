"""Rows of metrics as TensorBoard reads them: TFRecord around five small protobuf messages, written here so that nobody
needs a package for it.
"""

import functools
import struct
from collections.abc import Iterable, Mapping
from typing import Any

_NAMES = frozenset({"t", "step", "epoch", "phase"})
_VERSION, _SUMMARY, _SESSION = 3, 5, 7  # fields of an Event
_START = b"\x08\x01"  # a SessionLog whose status is START: forget all events from this one's step on


def beginning(when: float) -> bytes:
    """Of each file. A TensorBoard that has read the file's former self forgets all of it."""
    return _record(_event(when, 0, _VERSION, b"brain.Event:2")) + _record(_event(when, 0, _SESSION, _START))


def records(rows: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    """One for each row that has figures; their tags are "phase/name"."""
    for row in rows:
        phase = f"{row['phase']}/" if row.get("phase") else ""
        values = b"".join(
            _before(f"{phase}{name}") + struct.pack("<f", _narrow(value))
            for name, value in row.items()
            if name not in _NAMES and isinstance(value, int | float) and not isinstance(value, bool)
        )
        if values:
            yield _record(_event(_finite(row.get("t")), int(_finite(row.get("step"))), _SUMMARY, values))


@functools.lru_cache(4096)
def _before(tag: str) -> bytes:
    """What stands before a figure's four bytes: the same for each figure of a tag."""
    value = _field(1, tag.encode("utf-8", "replace")) + b"\x15"
    return _varint(1 << 3 | 2) + _varint(len(value) + 4) + value


def _finite(value: Any) -> float:
    """Of a row that anybody may have written; what does not fit into 64 bits is none."""
    return value if isinstance(value, int | float) and -(2**63) <= value < 2**63 else 0


def _narrow(value: float) -> float:
    """As 32 bits hold it: TensorBoard keeps no more."""
    try:
        struct.pack("<f", value)
    except (OverflowError, struct.error):  # which of them depends on how large a whole number is
        return float("inf") if value > 0 else float("-inf")
    return value


def _event(when: float, step: int, field: int, content: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", when) + b"\x10" + _varint(step) + _field(field, content)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    if 0 <= value < 0x80:
        return _ONE[value]
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


_ONE = tuple(bytes([value]) for value in range(0x80))
_TABLE = tuple(map(_entry, range(256)))
