"""From a file or folder here into a folder of a host: only what differs, resumed, and verified there."""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remote.backoff import Backoff
from remote.errors import CommandFailed, HostLacks, RemoteError, Unreachable
from remote.transfer import names, stream
from remote.transfer.host import tar
from remote.transfer.listing import Entry, Left, look
from remote.transfer.pace import Bucket, Meter, Progress
from remote.transfer.parts import RESERVE
from remote.transfer.pull import ROUNDS, TRIES, Stopped
from remote.transfer.quiet import Quiet
from remote.transport import Channel, Transport

PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was sent, and what stays here, and why."""

    files: int = 0
    bytes: int = 0
    same: int = 0
    left: tuple[Left, ...] = ()


def local_files(source: Path, wanted: Callable[[str], bool]) -> tuple[dict[str, Entry], tuple[Left, ...]]:
    """Everything below a folder, or the one file; links are left where they are."""
    if source.is_file():
        return {source.name: _entry(source.name, source.stat())}, ()
    found, left = {}, []
    for folder, folders, files in os.walk(source):
        for name in sorted((*files, *(name for name in folders if Path(folder, name).is_symlink()))):
            full = Path(folder, name)
            path = full.relative_to(source).as_posix()
            if not wanted(path):
                continue
            why = "it is a link" if full.is_symlink() else names.fault(path)
            if not why and not full.is_file():
                why = "it is no plain file"
            if why:
                left.append(Left(path, why))
            else:
                found[path] = _entry(path, full.stat())
    return found, tuple(left)


def _entry(path: str, about: os.stat_result) -> Entry:
    return Entry(path, about.st_size, about.st_mtime_ns, about.st_mode & 0o777, about.st_ino)


class Push:
    """One transfer. Iterate `run()`; ending it early or setting `stop` is safe at any point."""

    def __init__(
        self,
        transport: Transport,
        source: Path,
        folder: str,
        *,
        wanted: Callable[[str], bool] = lambda _path: True,
        pythons: tuple[str, ...] = ("python3",),
        buckets: tuple[Bucket, ...] = (),
        stop: threading.Event | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._transport, self._source, self._folder, self._wanted = transport, source, folder, wanted
        self._pythons, self._buckets, self._stop = pythons, buckets, stop or threading.Event()
        self._backoff = backoff or Backoff(first=0.2, longest=10.0)
        self._meter = Meter()
        self._base = source.parent if source.is_file() else source
        self._sent = 0

    def run(self) -> Generator[Progress, None, Pushed]:
        """Yields its progress a few times a second; returns what came of it."""
        tries, rounds = 0, 0
        while True:
            before = self._meter.bytes
            try:
                pushed, again = yield from self._round()
            except Unreachable as error:
                tries = 1 if self._meter.bytes > before else tries + 1
                if tries > TRIES:
                    raise
                yield self._meter.now(f"{error.what}: try {tries} of {TRIES}")
                self._pause()
                continue
            rounds += 1
            if not again:
                return pushed
            if rounds >= ROUNDS:
                path, why = again[0]
                raise RemoteError(f"{path}: {why}, {rounds} times in a row", "push it when nobody writes to it")

    def _pause(self) -> None:
        if self._stop.wait(self._backoff.next()):
            raise Stopped("stopped; what came is kept", "do it again to go on")
        with contextlib.suppress(Unreachable):  # the next round finds out, and counts
            self._transport.connect()

    def _round(self) -> Generator[Progress, None, tuple[Pushed, list[list[str]]]]:
        files, left = local_files(self._source, self._wanted)
        there = look(self._transport, self._folder, self._pythons)
        known = there.files if there is not None else {}
        todo = [entry for path, entry in files.items() if not _same(entry, known.get(path))]
        self._meter.files_total = self._meter.files + len(todo)
        self._meter.bytes_total = self._meter.bytes + sum(entry.size for entry in todo)
        again: list[list[str]] = []
        if todo:
            again = yield from self._send(todo)
        return Pushed(self._sent, self._meter.bytes, len(files) - len(todo), left), again

    def _send(self, todo: list[Entry]) -> Generator[Progress, None, list[list[str]]]:
        listed = [[entry.path, entry.size, entry.mtime_ns, entry.mode] for entry in todo]
        request = {"op": "take", "folder": self._folder, "files": listed}
        try:
            channel = stream.begin(self._transport, request, self._pythons)
        except stream.NoPython:
            raise _no_python() from None
        try:
            with Quiet(channel, self._stop) as quiet:
                lines = _lines(channel)
                offer = _next(lines, channel)
                self._require(todo, offer)
                for entry in todo:
                    for _ in self._file(channel, entry, offer):
                        quiet.heard()
                        if progress := self._meter.due():
                            yield progress
                channel.send(tar.END)
                quiet.away()  # it writes everything to its disk before it answers
                verdict = _next(lines, channel)
        except stream.NoPython:
            raise _no_python() from None
        except Unreachable:
            if self._stop.is_set():
                raise Stopped("stopped; what came is kept", "do it again to go on") from None
            raise
        finally:
            channel.close()
        self._sent += int(verdict.get("done", 0))
        return [[str(word) for word in item] for item in verdict.get("bad", [])]

    def _require(self, todo: Iterable[Entry], offer: dict[str, Any]) -> None:
        """Before anything is sent: what the host's disk cannot hold is not begun."""
        have = {path: size for path, size, _sha in offer.get("have", [])}
        size = sum(max(0, entry.size - have.get(entry.path, 0)) for entry in todo)
        free = int(offer.get("free", 0))
        if size + RESERVE > free:
            what = f"{size / 2**30:.2f} GiB are to go, {free / 2**30:.2f} GiB are free in {self._folder} on the host"
            raise RemoteError(what, "free space there, or set the host's root elsewhere")

    def _file(self, channel: Channel, entry: Entry, offer: dict[str, Any]) -> Generator[None, None, None]:
        """One member and its note; only what the host's part lacks."""
        parts = {path: (size, sha) for path, size, sha in offer.get("have", [])}
        sha = hashlib.sha256()
        with (self._base / entry.path).open("rb", buffering=0) as file:
            size, wanted = parts.get(entry.path, (0, ""))
            if not 0 < size <= entry.size or _prefix(file, sha, size) != wanted:
                size, sha = 0, hashlib.sha256()
                file.seek(0)
            self._meter.bytes_total -= size
            channel.send(tar.header(entry.path, entry.size - size))
            left = entry.size - size
            while left:
                data = file.read(min(PIECE, left))
                if not data:
                    break
                sha.update(data)
                channel.send(data)
                left -= len(data)
                self._meter.bytes += len(data)
                self._wait(len(data))
                yield
            for start in range(0, left, PIECE):  # it was cut meanwhile: the promise is kept, with zeros
                channel.send(bytes(min(PIECE, left - start)))
            after = os.fstat(file.fileno())
        torn = bool(left) or (after.st_size, after.st_mtime_ns) != (entry.size, entry.mtime_ns)
        channel.send(
            tar.padding(entry.size - size) + tar.note({"path": entry.path, "sha256": sha.hexdigest(), "torn": torn})
        )
        self._meter.files += 1
        yield

    def _wait(self, amount: int) -> None:
        pause = max((bucket.take(amount) for bucket in self._buckets), default=0.0)
        if self._stop.wait(pause) if pause else self._stop.is_set():
            raise Stopped("stopped; what came is kept", "do it again to go on")


def _same(entry: Entry, there: Entry | None) -> bool:
    return there is not None and (there.size, there.mtime_ns) == (entry.size, entry.mtime_ns)


def _prefix(file: Any, sha: Any, size: int) -> str:
    while size:
        data = file.read(min(PIECE, size))
        if not data:
            return ""
        sha.update(data)
        size -= len(data)
    return str(sha.hexdigest())


def _lines(channel: Channel) -> Generator[bytes, None, None]:
    rest = b""
    while data := channel.recv(PIECE):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole


def _next(lines: Generator[bytes, None, None], channel: Channel) -> dict[str, Any]:
    """The host's next word."""
    line = next(lines, None)
    if line is None:
        stream.ended(channel)
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandFailed(f"the host answered something unknown: {line[:80]!r}")
    return found


def _no_python() -> HostLacks:
    return HostLacks(
        "the host has no Python: a push needs one there", "install python3 on it, or set the host's python"
    )
