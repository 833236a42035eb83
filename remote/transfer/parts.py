"""Where bytes land: in a part below `.parts`, under their own name only when they are whole. One transfer at a time.

Nothing waits for the disk on the way (`fsync`): a part is believed only after its hash was compared with the host's
file, so what a power cut does to it costs time and nothing else. `settle` is called before anybody writes down that the
files are here.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from remote.errors import RemoteError
from remote.transfer.host.take import PARTS, part_name
from remote.transfer.plan import Here

if TYPE_CHECKING:
    from hashlib import _Hash

RESERVE = 64 * 2**20  # bytes that a transfer leaves free
PIECE = 1024 * 1024
MANY = 32


class NoRoom(RemoteError):
    """The disk here cannot hold it. What came already is kept."""


@dataclass(slots=True)
class Have:
    """The beginning of a file that is here already."""

    size: int = 0
    sha: "_Hash" = field(default_factory=hashlib.sha256)

    def add(self, data: "bytes | memoryview") -> None:
        self.size += len(data)
        self.sha.update(data)


class Target:
    """A folder here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = folder / PARTS
        self._made: set[str] = set()
        self._lock = -1

    def __enter__(self) -> "Target":
        with told(self.folder):
            self._parts.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._parts / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise RemoteError(f"another transfer writes into {self.folder}", "wait until it is done") from None
        return self

    def __exit__(self, *_: object) -> None:
        if not any(name != "lock" for name in os.listdir(self._parts)):  # noqa: PTH208 - names only
            shutil.rmtree(self._parts, ignore_errors=True)
        os.close(self._lock)

    def here(self, paths: Iterable[str]) -> dict[str, Here]:
        """Those files that lie here."""
        found = {}
        base = f"{self.folder}/"
        for path in paths:
            try:
                about = os.lstat(base + path)
            except OSError:
                continue
            if about.st_mode & 0o170000 == 0o100000:
                found[path] = Here(about.st_size, about.st_mtime_ns)
        return found

    def part(self, path: str) -> str:
        """Where the bytes of a file gather."""
        return f"{self._parts}/{part_name(path)}"

    def begun(self) -> frozenset[str]:
        """Names of the parts that are there."""
        return frozenset(os.listdir(self._parts))  # noqa: PTH208 - names only

    def beginning(self, path: str) -> Have:
        """What a part holds already."""
        return hashed(self.part(path))

    def seed(self, path: str) -> Have:
        """A part that begins as the file that is here, when that is more than the part has."""
        part, whole = Path(self.part(path)), self.folder / path
        with told(self.folder):
            if not part.exists() or part.stat().st_size < whole.stat().st_size:
                shutil.copyfile(whole, part, follow_symlinks=False)
        return self.beginning(path)

    def forget(self, wanted: Iterable[str]) -> None:
        """Away with parts of files that nobody wants any more."""
        there = {name for name in os.listdir(self._parts) if name != "lock"}  # noqa: PTH208 - names only
        if there:
            for name in there.difference(map(part_name, wanted)):
                (self._parts / name).unlink(missing_ok=True)

    def require(self, size: int) -> None:
        """NoRoom when so many bytes would fill the disk."""
        free = shutil.disk_usage(self._parts).free
        if size and size + RESERVE > free:
            what = f"{self.folder}: {size / 2**30:.2f} GiB are to come, {free / 2**30:.2f} GiB are free"
            raise NoRoom(what, "free space, or name another folder with --to")

    def ignores_case(self) -> bool:
        """Whether the file system takes a and A for one."""
        return (self.folder / PARTS.upper()).exists()

    def land(self, path: str, mtime_ns: int, mode: int) -> None:
        """The part is whole: it becomes the file."""
        part = self.part(path)
        with told(self.folder):
            folder = os.path.dirname(path)  # noqa: PTH120 - once a file
            if folder not in self._made:
                self._make(folder)
            os.utime(part, ns=(mtime_ns, mtime_ns))
            if mode & 0o755 != 0o600:
                os.chmod(part, mode & 0o755 | 0o600)  # noqa: PTH101
            os.replace(part, f"{self.folder}/{path}")

    def settle(self, paths: Iterable[str]) -> None:
        """What was renamed is on the disk when this returns. Of many, all that the system has to write: one wait is
        shorter than thousands.
        """
        found = [self.folder / path for path in paths]
        if len(found) > MANY:
            os.sync()
            return
        folders = {folder for path in found for folder in path.parents if folder.is_relative_to(self.folder)}
        with told(self.folder):
            for path in (*found, *folders):
                sync(path)

    def _make(self, folder: str) -> None:
        """The folders above a file; never through a link, which would lead elsewhere."""
        here = self.folder
        for part in folder.split("/") if folder else ():
            here /= part
            if here.is_symlink():
                raise RemoteError(f"{here} is a link: nothing is written through it", "move it away, then pull again")
            if here.exists() and not here.is_dir():
                raise RemoteError(f"{here} is a file here and a folder on the host", "move it away, then pull again")
            here.mkdir(exist_ok=True)
        self._made.add(folder)


def sync(path: Path) -> None:
    """A file or folder, to the disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def hashed(path: "str | Path") -> Have:
    """What lies there, as far as it goes; nothing when there is nothing."""
    have = Have()
    with contextlib.suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
        while data := file.read(PIECE):
            have.add(data)
    return have


class told:
    """What this disk refuses, in words."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            mend = "free space and do it again: what came is kept, it goes on from there"
            raise NoRoom(f"{self._folder}: the disk here is full", mend) from None
        where = error.filename or self._folder
        raise RemoteError(f"{where}: {error.strerror}", "make the folder writable, or name another one") from None
