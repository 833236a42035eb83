"""Many equal records in shards on disk: made once, resumable at any point, memory-mapped when read.

A shard is one .npy file of structured records and appears whole or not at all; the manifest names each with its
checksum. Killed at any point and made again, the folder ends with the same bytes. Room is checked before the start;
when the disk fills up all the same, the writing waits for room and goes on.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.data.room import patiently
from trainer.record import atomic
from trainer.tasks import Report

MANIFEST = "manifest.json"
PER_SHARD = 256
Entry = dict[str, Any]  # of a shard in the manifest: file, bytes, sha256
Fill = Callable[[int, int, NDArray[Any]], None]  # (first, end, records to fill)


class Records:
    """A finished folder, read through memory maps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        self._per = int(self.manifest["per"])
        maps = (np.load(folder / entry["file"], mmap_mode="r") for entry in self.manifest["shards"])
        self._shards = [np.asarray(one) for one in maps]  # a memmap's own indexing costs more than a small row's copy
        names = [name for shard in self._shards[:1] for name in shard.dtype.names or ()]
        self._fields = {name: [shard[name] for shard in self._shards] for name in names}

    def __len__(self) -> int:
        return int(self.manifest["count"])

    def take(self, name: str, rows: NDArray[np.int64], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """One field of these rows, copied; into `out` where it is given, which spares fresh memory its page faults."""
        parts = self._fields[name]
        if out is None:
            out = np.empty((len(rows), *parts[0].shape[1:]), dtype=parts[0].dtype)
        for place, row in enumerate(rows.tolist()):
            out[place] = parts[row // self._per][row % self._per]
        return out

    def all(self, name: str) -> NDArray[Any]:
        """One field of every row: for small fields."""
        return np.concatenate(self._fields[name])

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(int(entry["bytes"]) for entry in self.manifest["shards"])

    def checksum(self) -> str:
        """One checksum of all records, from those of the shards."""
        whole = hashlib.sha256("".join(entry["sha256"] for entry in self.manifest["shards"]).encode())
        return whole.hexdigest()

    def damaged(self) -> list[str]:
        """Files whose bytes are not those that were written."""
        return [
            entry["file"]
            for entry in self.manifest["shards"]
            if _checksum(self.folder / entry["file"]) != entry["sha256"]
        ]


@dataclass(frozen=True)
class Plan:
    """What a finished folder holds."""

    folder: Path
    dtype: np.dtype[Any]
    count: int
    identity: str  # tells these records from any others
    what: str  # for people who wait
    per: int = PER_SHARD  # records in a shard: two shards are in memory while one is written

    def length(self, number: int) -> int:
        """Records in this shard."""
        return min(self.per, self.count - number * self.per)

    def path(self, number: int) -> Path:
        """This shard's file."""
        return self.folder / f"shard-{number:05d}.npy"

    def head(self) -> dict[str, Any]:
        """What every manifest of this plan begins with."""
        return {
            "version": 1,
            "identity": self.identity,
            "count": self.count,
            "per": self.per,
            "record": str(self.dtype),
        }

    def store(self, entries: list[Entry | None]) -> None:
        """Replace the manifest."""
        text = json.dumps({**self.head(), "shards": entries}, indent=1)
        atomic.replace(self.folder / MANIFEST, f"{text}\n".encode(), durable=True)


def make(plan: Plan, fill: Fill, report: Report) -> Records:
    """The finished folder, made or completed where needed. Safe to be called by several processes at once."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    with held(plan.folder, report):
        entries = _present(plan)
        missing = [number for number, entry in enumerate(entries) if entry is None]
        if missing:
            _check_space(plan.folder, sum(plan.length(number) for number in missing) * plan.dtype.itemsize)
            _write(plan, fill, report, entries)
    return Records(plan.folder)


def check_room(plan: Plan) -> None:
    """Before anything is made: OSError when the disk has too little room for what is not there yet."""
    there = sum(path.stat().st_size for path in plan.folder.glob("shard-*.npy"))
    nearest = next(folder for folder in (plan.folder, *plan.folder.parents) if folder.is_dir())
    _check_space(nearest, max(plan.count * plan.dtype.itemsize - there, 0))


@contextmanager
def held(folder: Path, report: Report) -> Iterator[None]:
    """The folder for this process alone; others wait and say so. A killed holder lets go: the kernel sees to it."""
    with (folder / ".lock").open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report("waits for another worker that is making the data", 0, None)
                time.sleep(0.2)
        yield


def _write(plan: Plan, fill: Fill, report: Report, entries: list[Entry | None]) -> None:
    """Fill one shard while the one before goes to the disk; the manifest names it when it is there."""
    for leftover in plan.folder.glob(".*.part"):
        leftover.unlink()
    missing = [number for number, entry in enumerate(entries) if entry is None]
    buffers = [np.zeros(min(plan.per, plan.count), dtype=plan.dtype) for _ in range(min(2, len(missing)))]
    writing: tuple[int, NDArray[Any], Future[Entry]] | None = None

    def settle() -> None:
        """Wait for the shard that is being written, then tell the manifest."""
        done = sum(plan.length(number) for number, entry in enumerate(entries) if entry is not None)
        if writing is not None:
            number, records, coming = writing
            tries: Iterator[Callable[[], Entry]] = chain(
                [coming.result], repeat(partial(_save, plan.path(number), records))
            )
            entries[number] = patiently(lambda: next(tries)(), plan.folder, report, done, plan.count)  # noqa: PLW0108
            patiently(lambda: plan.store(entries), plan.folder, report, done, plan.count)
            done += plan.length(number)
        report(plan.what, done, plan.count)

    with ThreadPoolExecutor(1) as disk:
        for turn, number in enumerate(missing):
            first, records = number * plan.per, buffers[turn % 2][: plan.length(number)]
            fill(first, first + len(records), records)
            settle()
            writing = number, records, disk.submit(_save, plan.path(number), records)
        settle()


def _save(path: Path, records: NDArray[Any]) -> Entry:
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(header, np.lib.format.header_data_from_array_1_0(records))
    data = records.view(np.uint8).data
    temporary = path.with_name(f".{path.name}.part")

    def digest() -> str:
        found = hashlib.sha256(header.getvalue())
        found.update(data)
        return found.hexdigest()

    try:
        with ThreadPoolExecutor(1) as beside, temporary.open("wb") as file:
            checksum = beside.submit(digest)  # a core has time for it while the disk writes
            file.write(header.getvalue())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # a disk that is full needs its room more than half a shard
        raise
    return {"file": path.name, "bytes": len(header.getvalue()) + data.nbytes, "sha256": checksum.result()}


def _present(plan: Plan) -> list[Entry | None]:
    """The manifest's entries, None for each shard that has to be made (again)."""
    found: list[Entry | None] = [None] * -(-plan.count // plan.per)
    path = plan.folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        head, shards = {key: manifest[key] for key in plan.head()}, list(manifest["shards"])
    except FileNotFoundError:
        return found
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove its folder, it will be made again") from None
    if head != plan.head():
        raise ValueError(
            f"{plan.folder} holds other data ({head['identity']}, {head['count']} records), not {plan.identity} with "
            f"{plan.count}: choose another folder or remove this one"
        )
    complete = all(shards)
    for number, entry in enumerate(shards):
        if entry is None or not (plan.folder / entry["file"]).is_file():
            continue
        shard = plan.folder / entry["file"]
        # A finished folder is taken by its sizes, so that a start costs nothing; an unfinished one is read again.
        if shard.stat().st_size == entry["bytes"] and (complete or _checksum(shard) == entry["sha256"]):
            found[number] = entry
    return found


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed * 1.02 > free:
        raise OSError(
            f"{folder}: needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free: "
            'free some, choose another data folder, or use data.source = "render", which needs no space'
        )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
