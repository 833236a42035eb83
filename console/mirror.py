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
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from remote.events import Chunk, Document, Event, FolderGone
from remote.watch import Offsets
from trainer.record import atomic, files

DOCUMENTS = (*files.DOCUMENTS, files.WINNER)
STREAMS = files.STREAMS
GONE = ".gone"  # marks a run whose folder was removed from the host

NO_FILE = -1  # an inode that no file has: the host sends the whole file anew


class Gap(Exception):
    """Bytes are missing between what is here and what came: the link must be opened again from what is here."""


@dataclass(frozen=True, slots=True)
class Dated:
    """An event from the mirror and when it was written here."""

    event: Event
    time: float


class Mirror:
    """The mirror of one host. `owner` says whether this console writes it."""

    def __init__(self, state: Path, host: str) -> None:
        self.path = state / "mirror" / host
        self.problem = ""  # why it is not written any more
        self._known: dict[str, dict[str, tuple[int, int]]] = {}
        self._present: dict[str, set[str]] = {}  # folder → its documents
        self._lock: IO[bytes] | None = None
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
        """Everything that is here, as the events it came from."""
        for area in ("runs", "races"):
            for folder in _folders(self.path / area):
                yield from self._load_folder(f"{area}/{folder.name}", folder)

    def take(self, event: Event) -> Event | None:
        """Keep an event; returns what is new of it. Gap when bytes are missing before it."""
        if isinstance(event, Chunk | Document | FolderGone) and not _safe(event):
            return None
        match event:
            case Chunk():
                self._present.setdefault(event.folder, set())
                return self._take_chunk(event)
            case Document():
                self._take_document(event)
            case FolderGone():
                self._present.pop(event.folder, None)
                self._known.pop(event.folder, None)
                self._write((self.path / event.folder / GONE).touch)
        return event

    def close(self) -> None:
        """Let another console write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _load_folder(self, folder: str, path: Path) -> Iterator[Dated]:
        names = self._present.setdefault(folder, set())
        for name in DOCUMENTS:
            with contextlib.suppress(OSError):
                text = (path / name).read_text("utf-8", "replace")
                when = (path / name).stat().st_mtime
                names.add(name)
                yield Dated(Document(folder, name, text, when), when)
        for name in STREAMS:
            with contextlib.suppress(OSError):
                yield from self._load_stream(folder, name, path / name)
        if (path / GONE).exists():
            self._known.pop(folder, None)
            self._present.pop(folder, None)
            yield Dated(FolderGone(folder), (path / GONE).stat().st_mtime)

    def _load_stream(self, folder: str, name: str, path: Path) -> Iterator[Dated]:
        inode = _inode_of(path)
        if inode is None:
            return
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data) and self.owner:  # killed in the middle of a write: the rest will be sent again
            os.truncate(path, len(whole))
        self._known.setdefault(folder, {})[name] = (inode, len(whole))
        if whole:
            yield Dated(Chunk(folder, name, inode, 0, whole), path.stat().st_mtime)

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
            atomic.replace(_inode_file(path), str(chunk.inode).encode())
        with path.open("r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            if end < chunk.start:
                raise Gap(f"{path} is shorter than it was: {end} bytes, not {chunk.start}")
            file.truncate(chunk.start)
            file.seek(chunk.start)
            file.write(chunk.data)

    def _take_document(self, document: Document) -> None:
        path = self.path / document.folder / document.name

        names = self._present.setdefault(document.folder, set())
        if document.problem:  # it is there, and could not be read: the last one that could be stays
            return
        (names.discard if document.text is None else names.add)(document.name)

        def write() -> None:
            if document.text is None:
                path.unlink(missing_ok=True)
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / GONE).unlink(missing_ok=True)
            atomic.replace(path, document.text.encode("utf-8", "replace"))

        self._write(write)

    def _write(self, action: Callable[[], object]) -> None:
        """Do it while this console owns the mirror; a disk that fails ends the ownership, not the console."""
        if self._lock is None:
            return
        try:
            action()
        except OSError as error:
            self.problem = f"{self.path} cannot be written ({error.strerror}): nothing more is kept on this laptop"
            self.close()


def _safe(event: Chunk | Document | FolderGone) -> bool:
    area, _slash, name = event.folder.partition("/")
    if area not in ("runs", "races") or not name or name.startswith(".") or set("/\0") & set(name):
        return False
    return isinstance(event, FolderGone) or event.name in (DOCUMENTS if isinstance(event, Document) else STREAMS)


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir())
    except OSError:
        return []


def _inode_file(path: Path) -> Path:
    return path.parent / f".{path.name}.inode"


def _inode_of(path: Path) -> int | None:
    try:
        return int(_inode_file(path).read_text())
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
