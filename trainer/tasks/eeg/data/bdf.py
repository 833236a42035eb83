"""BDF and EDF files: 24 or 16 bits a sample, read as they lie on the disk and scaled to physical units in one pass.

A file is a header, then records of equal length, each holding a stretch of every signal. A file that is not whole is
`Damaged`, with the byte at which it ends.
"""

import math
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEAD = 256  # bytes of the header's first part, and of each signal's share of the second
_SILENT = ("EDF Annotations", "BDF Annotations", "Status")  # no voltages
_MICRO = {"V": 1e6, "mV": 1e3, "nV": 1e-3}  # µV of one; whatever else a unit says is left as it is
_STEPS = 2.0**31
_MOST = 1e15  # physical values beyond this are no measurement


class Damaged(ValueError):
    """Not a whole recording. The text names the byte."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One channel: how its samples lie in a record, and what they mean. Voltages are in µV, whatever the file uses."""

    label: str
    unit: str
    gain: float  # physical units of one step
    offset: float  # physical value of digital zero
    samples: int  # in a record
    first: int  # byte of its samples in a record


@dataclass(frozen=True, slots=True)
class Header:
    """All that is known before the first sample."""

    bytes: int  # of the header itself
    width: int  # bytes a sample
    records: int
    seconds: float  # of a record
    signals: tuple[Signal, ...]

    @property
    def record_bytes(self) -> int:
        return sum(signal.samples for signal in self.signals) * self.width

    @property
    def voltages(self) -> tuple[Signal, ...]:
        """The signals that are measured: neither annotations nor triggers."""
        return tuple(signal for signal in self.signals if signal.label not in _SILENT)

    def rate(self, signal: Signal) -> float:
        """Samples a second."""
        return signal.samples / self.seconds


def read_header(path: Path) -> Header:
    """The header; Damaged when it is not one, or the file is shorter than it says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            raise Damaged(f"{path}: ends at byte {len(head)}, inside the header")
        if head[:1] not in (b"\xff", b"0"):
            raise Damaged(f"{path}: byte 0: this is neither BDF nor EDF")
        count = _whole(path, head[252:256], "number of signals", 252)
        if not 0 < count <= 4096:
            raise Damaged(f"{path}: byte 252: {count} signals")
        rest = file.read(count * _HEAD)
    if len(rest) < count * _HEAD:
        raise Damaged(f"{path}: ends at byte {_HEAD + len(rest)}, inside the header")
    width = 3 if head[:1] == b"\xff" else 2
    signals = tuple(_signals(path, rest, count, width))
    header = Header(_HEAD * (1 + count), width, 0, _number(path, head[244:252], "seconds of a record", 244), signals)
    if not 1e-3 <= header.seconds <= 1e5:
        raise Damaged(f"{path}: byte 244: records of {header.seconds} s")
    if head[192:197] in (b"EDF+D", b"BDF+D"):
        raise Damaged(f"{path}: byte 192: {head[192:197].decode()}, a recording with gaps, in which times mean nothing")
    return _counted(path, header, _whole(path, head[236:244], "number of records", 236), size)


def read(path: Path, header: Header, signals: Sequence[Signal]) -> NDArray[np.float32]:
    """These signals, [signals, samples], in µV. All must have one rate."""
    samples = {signal.samples for signal in signals}
    if len(samples) != 1:
        raise ValueError(f"{path}: its channels have several rates; choose channels of one rate")
    shape = (header.records, samples.pop())
    out = np.empty((len(signals), *shape), np.float32)
    room = np.empty(shape, np.int32)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for row, signal in enumerate(signals):
            steps = _steps(data, header, signal, room)
            np.copyto(out[row], steps, casting="unsafe")  # 24 bits fit exactly
            del steps  # the map cannot be closed while somebody looks at it
            out[row] *= np.float32(signal.gain)
            if signal.offset:
                out[row] += np.float32(signal.offset)
    return out.reshape(len(signals), -1)


def _steps(
    data: mmap.mmap, header: Header, signal: Signal, room: NDArray[np.int32]
) -> "NDArray[np.int32] | NDArray[np.int16]":
    """The samples as they are stored, [records, samples].

    Of 24-bit samples four bytes are looked at, the one before included: shifted down by it, the sign is right.
    """
    first, strides = header.bytes + signal.first, (header.record_bytes, header.width)
    if header.width == 2:
        return np.ndarray(room.shape, "<i2", data, offset=first, strides=strides)
    np.right_shift(np.ndarray(room.shape, "<i4", data, offset=first - 1, strides=strides), 8, out=room)
    return room


def _counted(path: Path, header: Header, records: int, size: int) -> Header:
    """The header with its number of records, which some writers leave at −1 until the end."""
    there, left = divmod(size - header.bytes, header.record_bytes)
    if records < 0:
        records = there + bool(left)
    if records == 0 or there < records:
        raise Damaged(f"{path}: ends at byte {size}, in record {there + 1} of {records}")
    return Header(header.bytes, header.width, records, header.seconds, header.signals)


def _signals(path: Path, rest: bytes, count: int, width: int) -> Iterator[Signal]:
    """Every field of the header's second part holds the values of all signals, one after the other."""

    def field(number: int, start: int, size: int = 8) -> tuple[bytes, int]:
        """Of this signal: its text, and the byte of the file where that stands."""
        at = start * count + number * size
        return rest[at : at + size], _HEAD + at

    def value(number: int, start: int, what: str) -> float:
        text, at = field(number, start)
        return _number(path, text, what, at)

    first = 0
    for number in range(count):
        label, unit = (field(number, start, size)[0].decode("latin-1").strip() for start, size in ((0, 16), (96, 8)))
        low, high = value(number, 104, "physical minimum"), value(number, 112, "physical maximum")
        least, most = value(number, 120, "digital minimum"), value(number, 128, "digital maximum")
        text, at = field(number, 216)
        samples = _whole(path, text, "samples in a record", at)
        if samples <= 0:
            raise Damaged(f"{path}: byte {at}: {samples} samples in a record of {label!r}")
        if not -_STEPS <= least < most < _STEPS:
            at = field(number, 120)[1]
            raise Damaged(f"{path}: byte {at}: {label!r} has the digital range {least:g} to {most:g}")
        if not max(abs(low), abs(high)) < _MOST:
            at = field(number, 104)[1]
            raise Damaged(f"{path}: byte {at}: {label!r} has the physical range {low:g} to {high:g}")
        gain, micro = (high - low) / (most - least), _MICRO.get(unit, 1.0)
        yield Signal(label, unit, gain * micro, (low - least * gain) * micro, samples, first)
        first += samples * width


def _number(path: Path, text: bytes, what: str, at: int) -> float:
    """The text of a header's field as a number; `at` is its byte."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Damaged(f"{path}: byte {at}: {what} is {text.decode('latin-1')!r}")
    return value


def _whole(path: Path, text: bytes, what: str, at: int) -> int:
    value = _number(path, text, what, at)
    if not value.is_integer():
        raise Damaged(f"{path}: byte {at}: {what} is {value}")
    return int(value)
