"""What the hosts' run directories hold, as plain files on this laptop: the memory of the console.

    <state>/mirror/<host>/runs/<run>/metrics.jsonl     bytes of the stream; the file's size is the offset to resume from
    <state>/mirror/<host>/runs/<run>/.metrics.jsonl.inode   which file on the host they came from
    <state>/mirror/<host>/runs/<run>/status.json       documents, replaced whole

Data and offset cannot disagree, because they are the same thing: killed at any moment, the console resumes at the size
it finds, cut to its last whole line. One console per host writes; another one that runs beside it starts from the same
files and keeps its own offsets in memory. Names come from the host: one that would leave the mirror is not taken.
"""

import contextlib
import fcntl
import functools
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from console.fleet.beats import WATCHES
from remote.events import Chunk, Document, Event, FolderGone
from remote.watch import Offsets
from trainer.record import atomic, files

DOCUMENTS = (*files.DOCUMENTS, files.WINNER)
STREAMS = files.STREAMS
STATUS_EVERY_S = 30.0  # a status.json that only moves is written no more often: each time it is a new file
GONE = ".gone"  # marks a run whose folder was removed from the host
PRUNED = ".entry.json"  # beside it: its streams were removed here, too; what the history knows of it

ENDS = {files.METRICS: 32 * 1024, files.LOG: 256 * 1024}  # bytes of a stream that a new console reads at once
ENDS_IN_ALL = 32 * 2**20  # … and not more of all logs together
NO_FILE = -1  # an inode that no file has: the host sends the whole file anew


class Gap(Exception):
    """Bytes are missing between what is here and what came: the link must be opened again from what is here."""


@dataclass(frozen=True, slots=True)
class Dated:
    """An event from the mirror and when it was written here. `before` reads what was left in the file before it."""

    event: Chunk | Document | FolderGone
    time: float
    before: Callable[[], bytes] | None = None


class Mirror:
    """The mirror of one host. `owner` says whether this console writes it; without `write` it only reads."""

    def __init__(self, state: Path, host: str, *, write: bool = True) -> None:
        self.path = state / "mirror" / host
        self.problem = ""  # why it is not written any more
        self._known: dict[str, dict[str, tuple[int, int]]] = {}
        self._present: dict[str, set[str]] = {}  # folder → its documents
        self._texts: dict[tuple[str, str], int] = {}  # (folder, document) → hash of what is known of it
        self._written: dict[str, float] = {}  # folder → when its status was written here
        self._waiting: dict[str, bytes] = {}  # folder → its status, which will be
        self._swept = 0.0
        self._lock: IO[bytes] | None = None
        if not write:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = _try_lock(self.path / ".lock")
        except OSError as error:
            self.problem = f"{self.path} cannot be used ({error.strerror}): nothing is kept on this laptop"

    @property
    def owner(self) -> bool:
        return self._lock is not None

    @property
    def offsets(self) -> Offsets:
        """Where each stream is to be resumed."""
        return {folder: dict(streams) for folder, streams in self._known.items()}

    @property
    def documents(self) -> Mapping[str, frozenset[str]]:
        """Folders that are on the host as far as is known here, with their documents."""
        return {folder: frozenset(names) for folder, names in self._present.items()}

    def load(self) -> Iterator[Dated]:
        """Everything that is here, as the events it came from; of long streams the end."""
        for area in ("runs", "races"):
            folders = _folders(self.path / area)
            log = max(16 * 1024, min(ENDS[files.LOG], ENDS_IN_ALL // max(1, len(folders))))
            for folder in folders:
                yield from self._load_folder(f"{area}/{folder.name}", folder, log)

    def take(self, event: Event) -> Event | None:
        """Keep an event; returns what is new of it. Gap when bytes are missing before it."""
        if isinstance(event, Document | FolderGone) and event.folder.startswith(f"{WATCHES}/"):
            return event  # who watches now is nothing to remember
        if isinstance(event, Chunk | Document | FolderGone) and not _safe(event):
            return None
        if time.monotonic() - self._swept > STATUS_EVERY_S:
            self._sweep()
        match event:
            case Chunk():
                self._present.setdefault(event.folder, set())
                return self._take_chunk(event)
            case Document():
                return event if self._take_document(event) else None
            case FolderGone():
                self._forget(event.folder)
                self._write((self.path / event.folder / GONE).touch)
        return event

    def close(self) -> None:
        """Let another console write."""
        self._sweep()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _forget(self, folder: str) -> None:
        self._waiting.pop(folder, None)
        for name in self._present.pop(folder, ()):
            self._texts.pop((folder, name), None)
        self._known.pop(folder, None)

    def _load_folder(self, folder: str, path: Path, log: int) -> Iterator[Dated]:
        there = {entry.name: entry.stat().st_mtime for entry in os.scandir(path) if entry.is_file()}
        if GONE in there and PRUNED in there:  # the history alone tells of it
            return
        names = self._present.setdefault(folder, set())
        for name in DOCUMENTS:
            if name in there:
                with contextlib.suppress(OSError):
                    text = (path / name).read_text("utf-8", "replace")
                    names.add(name)
                    self._texts[folder, name] = hash(text)
                    yield Dated(Document(folder, name, text, there[name]), there[name])
        for name in STREAMS:
            if name in there:
                with contextlib.suppress(OSError):
                    most = log if name == files.LOG else ENDS.get(name)
                    yield from self._load_stream(folder, name, path / name, most)
        if GONE in there:
            self._forget(folder)
            yield Dated(FolderGone(folder), there[GONE])

    def _load_stream(self, folder: str, name: str, path: Path, most: int | None) -> Iterator[Dated]:
        inode = _inode_of(path)
        if inode is None:
            return
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start, data = _end_of(file, size, size if most is None else most)
        end = start + len(data)
        if end < size and self.owner:  # killed in the middle of a write: the rest will be sent again
            os.truncate(path, end)
        self._known.setdefault(folder, {})[name] = (inode, end)
        if data:
            before = _reader(path, inode, start) if start else None
            yield Dated(Chunk(folder, name, inode, start, data), path.stat().st_mtime, before)

    def _take_chunk(self, chunk: Chunk) -> Chunk | None:
        streams = self._known.setdefault(chunk.folder, {})
        inode, size = streams.get(chunk.name, (chunk.inode, 0))
        if chunk.reset or chunk.inode != inode:
            chunk = replace(chunk, reset=True)
            size = 0
        if chunk.start > size:
            streams[chunk.name] = (NO_FILE, 0)
            raise Gap(f"{chunk.folder}/{chunk.name}: {chunk.start - size} bytes are missing at {size}")
        chunk = replace(chunk, start=size, data=chunk.data[size - chunk.start :])
        if not chunk.data and not chunk.reset:
            return None
        streams[chunk.name] = (NO_FILE, 0)
        self._write(lambda: self._append(chunk))
        streams[chunk.name] = (chunk.inode, chunk.start + len(chunk.data))
        return chunk

    def _append(self, chunk: Chunk) -> None:
        path = self.path / chunk.folder / chunk.name
        if chunk.start == 0:
            # In this order a kill in between costs a second transfer, never a wrong line.
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / GONE).unlink(missing_ok=True)
            path.write_bytes(b"")
            atomic.replace(inode_file(path), str(chunk.inode).encode())
        handle = os.open(path, os.O_WRONLY)  # hundreds a second: no object around it, no call that is not needed
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            if end < chunk.start:
                raise Gap(f"{path} is shorter than it was: {end} bytes, not {chunk.start}")
            if end > chunk.start:
                os.truncate(handle, chunk.start)
                os.lseek(handle, chunk.start, os.SEEK_SET)
            _write_all(handle, chunk.data)
        finally:
            os.close(handle)

    def _take_document(self, document: Document) -> bool:
        """Whether there is anything new in it: a link that is opened again tells all of them again."""
        path, key = self.path / document.folder / document.name, (document.folder, document.name)
        names = self._present.setdefault(document.folder, set())
        if document.problem:  # it is there, and could not be read: the last one that could be stays
            return True
        if document.text is not None and self._texts.get(key) == hash(document.text):
            return False
        (names.discard if document.text is None else names.add)(document.name)
        self._texts.pop(key, None)
        if document.text is not None:
            self._texts[key] = hash(document.text)

        def write() -> None:
            if document.text is None:
                path.unlink(missing_ok=True)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / GONE).unlink(missing_ok=True)
            atomic.replace(path, document.text.encode("utf-8", "replace"))

        if document.name == files.STATUS:
            now = time.monotonic()
            self._waiting.pop(document.folder, None)
            if document.text is not None and now - self._written.get(document.folder, -math.inf) < STATUS_EVERY_S:
                self._waiting[document.folder] = document.text.encode("utf-8", "replace")
                return True
            self._written[document.folder] = now
        elif document.folder in self._waiting:  # a run that ends: its last words are not to be missing beside that
            last = self._waiting.pop(document.folder)
            self._write(functools.partial(atomic.replace, path.parent / files.STATUS, last))
        self._write(write)
        return True

    def _sweep(self) -> None:
        """Write what waited: heartbeats of hundreds of runs need not reach the disk each second, the host has them."""
        self._swept = time.monotonic()
        waiting, self._waiting = self._waiting, {}
        for folder, data in waiting.items():
            self._write(functools.partial(atomic.replace, self.path / folder / files.STATUS, data))

    def _write(self, action: Callable[[], object]) -> None:
        """Do it while this console owns the mirror; a disk that fails ends the ownership, not the console."""
        if self._lock is None:
            return
        try:
            action()
        except OSError as error:
            self.problem = f"{self.path} cannot be written ({error.strerror}): nothing more is kept on this laptop"
            self.close()


def _write_all(handle: int, data: bytes) -> None:
    """A disk that is almost full takes a part, and says why not the rest at the next try."""
    while data:
        data = data[os.write(handle, data) :]


def _safe(event: Chunk | Document | FolderGone) -> bool:
    area, _slash, name = event.folder.partition("/")
    if area not in ("runs", "races") or not name or name.startswith(".") or set("/\0") & set(name):
        return False
    return isinstance(event, FolderGone) or event.name in (DOCUMENTS if isinstance(event, Document) else STREAMS)


def _end_of(file: IO[bytes], size: int, most: int) -> tuple[int, bytes]:
    """The last whole lines in so many bytes, and where they begin. A line that is longer than that is read whole."""
    while True:
        begin = max(0, size - most)
        file.seek(begin)
        data = file.read(size - begin)
        last = data.rfind(b"\n") + 1
        first = 0 if begin == 0 else data.find(b"\n") + 1
        if begin == 0 or 0 < first < last:
            return begin + first, data[first:last]
        most *= 8


def _reader(path: Path, inode: int, size: int) -> Callable[[], bytes]:
    """Reads the first bytes of a stream later, unless another file has taken its place."""

    def read() -> bytes:
        try:
            if _inode_of(path) != inode:
                return b""
            with path.open("rb") as file:
                return file.read(size)
        except OSError:
            return b""

    return read


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir())
    except OSError:
        return []


def inode_file(path: Path) -> Path:
    """Beside a stream: which file on the host it is a copy of."""
    return path.parent / f".{path.name}.inode"


def _inode_of(path: Path) -> int | None:
    try:
        return int(inode_file(path).read_text())
    except (OSError, ValueError):
        return None


def _try_lock(path: Path) -> IO[bytes] | None:
    file = path.open("ab", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
