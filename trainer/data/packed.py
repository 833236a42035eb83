"""Many records of different lengths in one file: for mounts on which every file that is opened costs a round trip.

    magic · records one after the other · index (offset, size, label, checksum of each) · what they are, as JSON · tail

The tail holds the lengths and one checksum of index and JSON, so that a file that is not whole is recognised when it is
opened; the records' own checksums are compared by `damaged`. While it is made, the file is called .part and a journal
beside it names what is safely in it: killed at any point and made again, it goes on there and ends with the same bytes.
"""

import hashlib
import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from trainer.data.records import held
from trainer.data.room import patiently
from trainer.record import atomic
from trainer.tasks import Report

MAGIC = b"TCPACK1\n"
ENTRY = np.dtype([("offset", "<u8"), ("size", "<u4"), ("label", "<u4"), ("crc", "<u4")])
_TAIL = struct.Struct("<QQ32s8s")  # records, bytes of JSON, sha256 of index and JSON, magic
_SAVED_EVERY = 64 << 20  # bytes between two entries of the journal

Record = tuple[bytes, int]  # bytes, label


class Packed:
    """A finished file, read through a memory map. ValueError when it is not whole or not one of ours."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._bytes = np.memmap(path, dtype=np.uint8, mode="r")
        except ValueError:  # an empty file cannot be mapped
            raise _broken(path) from None
        self.index, self.about = _read(path, self._bytes)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The label of every record."""
        return self.index["label"].astype(np.int64)

    def record(self, row: int) -> NDArray[np.uint8]:
        """The bytes of one record, not copied."""
        entry = self.index[row]
        start = int(entry["offset"])
        return self._bytes[start : start + int(entry["size"])]

    def damaged(self) -> list[int]:
        """Rows whose bytes are not those that were written."""
        return [row for row in range(len(self)) if zlib.crc32(self.record(row).data) != int(self.index[row]["crc"])]


def pack(
    path: Path, count: int, records: Callable[[int], Iterable[Record]], about: Mapping[str, Any], report: Report
) -> Packed:
    """The finished file, made or completed where needed. `records(first)` gives those from row `first` on.

    A file of other records is an error: it is never written over.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with held(path.parent, report):
        if not path.exists():
            _make(path, count, records, about, report)
    found = Packed(path)
    if found.about != {**about, "count": count}:
        raise ValueError(f"{path} holds other data ({found.about}), not {dict(about)}: remove it, it is made again")
    return found


def _make(
    path: Path, count: int, records: Callable[[int], Iterable[Record]], about: Mapping[str, Any], report: Report
) -> None:
    part, journal = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.journal")
    head = json.dumps({**about, "count": count}, sort_keys=True).encode()
    entries, end = _resumable(part, journal, head)
    what = f"packing {path.name}"
    with part.open("r+b" if part.exists() else "w+b") as file, journal.open("ab") as saved:
        file.truncate(end)
        file.seek(end)
        if not end:
            saved.truncate(0)
            saved.write(head + b"\n")
            end = _write(file, MAGIC, path.parent, report, (0, count))
        fresh: list[tuple[int, int, int, int]] = []
        unsaved = 0
        for row, (data, label) in enumerate(records(len(entries)), len(entries)):
            report(what, row, count)
            fresh.append((end, len(data), label, zlib.crc32(data)))
            end = _write(file, data, path.parent, report, (row, count))
            unsaved += len(data)
            if unsaved >= _SAVED_EVERY:
                unsaved = _save(file, saved, fresh)
                entries, fresh = [*entries, *fresh], []
        _save(file, saved, fresh)
        index = np.array([*entries, *fresh], dtype=ENTRY)
        if len(index) != count:
            raise ValueError(f"{path}: {len(index)} records came, not {count}")
        body = index.tobytes() + head
        tail = _TAIL.pack(count, len(head), hashlib.sha256(body).digest(), MAGIC)
        _write(file, body + tail, path.parent, report, (count, count))
        os.fsync(file.fileno())
    part.replace(path)
    atomic.sync_folder(path.parent)
    journal.unlink()
    report(what, count, count)


def _write(file: BinaryIO, data: bytes, folder: Path, report: Report, place: tuple[int, int]) -> int:
    """All of the bytes, waiting for room where the disk is full; where the file ends then."""
    start = file.tell()

    def once() -> int:
        file.seek(start)
        file.write(data)
        file.flush()
        return start + len(data)

    return patiently(once, folder, report, *place)


def _save(file: BinaryIO, journal: BinaryIO, entries: list[tuple[int, int, int, int]]) -> int:
    """What the journal names is on the disk before it is named. Returns 0: the bytes that are not saved."""
    os.fsync(file.fileno())
    journal.write(np.array(entries, dtype=ENTRY).tobytes())
    journal.flush()
    os.fsync(journal.fileno())
    return 0


def _resumable(part: Path, journal: Path, head: bytes) -> tuple[list[tuple[int, int, int, int]], int]:
    """Entries of an interrupted file that hold what they say, and where the next one goes."""
    try:
        named = journal.read_bytes()
        data = np.memmap(part, dtype=np.uint8, mode="r")
    except (OSError, ValueError):
        return [], 0
    if not named.startswith(head + b"\n") or bytes(data[: len(MAGIC)]) != MAGIC:
        return [], 0
    whole = named[len(head) + 1 :]
    index = np.frombuffer(whole[: len(whole) // ENTRY.itemsize * ENTRY.itemsize], dtype=ENTRY)
    found: list[tuple[int, int, int, int]] = []
    end = len(MAGIC)
    for offset, size, label, crc in index.tolist():
        if offset != end or zlib.crc32(data[offset : offset + size].data) != crc:
            break
        found.append((offset, size, label, crc))
        end = offset + size
    return found, end


def _read(path: Path, data: NDArray[np.uint8]) -> tuple[NDArray[Any], Mapping[str, Any]]:
    if len(data) < len(MAGIC) + _TAIL.size or bytes(data[: len(MAGIC)]) != MAGIC:
        raise _broken(path)
    count, length, digest, magic = _TAIL.unpack(data[-_TAIL.size :].tobytes())
    size = count * ENTRY.itemsize + length
    start = len(data) - _TAIL.size - size
    if magic != MAGIC or start < len(MAGIC):
        raise _broken(path)
    body = data[start : start + size].tobytes()
    if hashlib.sha256(body).digest() != digest:
        raise _broken(path)
    about = json.loads(body[count * ENTRY.itemsize :])
    index = np.frombuffer(body[: count * ENTRY.itemsize], dtype=ENTRY)
    ends = index["offset"].astype(np.uint64) + index["size"]
    if count and int(ends.max()) > start:
        raise _broken(path)
    return index, about


def _broken(path: Path) -> ValueError:
    return ValueError(f"{path} is not a whole packed file: remove it, it is made again")


def check_room(path: Path, needed: int) -> None:
    """Before anything is made: OSError when the disk has too little room for what is not there yet."""
    part = path.with_name(f".{path.name}.part")
    there = part.stat().st_size if part.exists() else 0
    nearest = next(folder for folder in path.parents if folder.is_dir())
    free = shutil.disk_usage(nearest).free
    if (needed - there) * 1.02 > free:
        raise OSError(
            f"{path}: needs {(needed - there) / 1e9:.2f} GB, {free / 1e9:.2f} GB are free: free some, choose another "
            'data folder (run.data), or use data.form = "files"'
        )


def batched(rows: range, size: int) -> Iterator[range]:
    """Rows in groups, for work that is done in parallel and kept in order."""
    for start in range(rows.start, rows.stop, size):
        yield range(start, min(start + size, rows.stop))
