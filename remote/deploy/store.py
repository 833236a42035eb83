"""The store of one host, seen from here: what is there already is not sent again.

One question asks for all trees at once; the host answers with the objects that it lacks, having made and mended what it
could. Only when it lacks some, a second process there takes them as one compressed stream.
"""

import contextlib
import json
import threading
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remote.bundle import argv, bundle, framed
from remote.deploy.tree import Entry, Tree
from remote.deploy.watchdog import Watchdog
from remote.errors import CommandFailed, HostLacks, RemoteError, TimedOut, Unreachable
from remote.transport import Channel, Transport

LOOK_S = 300.0  # a cold network disk, and gigabytes of trees
STALL_S = 120.0  # without a byte moved
SPARE = 16 * 2**20  # bytes that must stay free
_LEVEL = 3  # of compression: code shrinks to a third, faster than any network takes it
_PIECE = 64 * 1024
_MARK = b"trajconsole {"


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a shipment is, in bytes of files."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Shipped:
    """What a shipment came to. `there`: objects that the host had already; `wire`: bytes as sent."""

    objects: int = 0
    size: int = 0
    wire: int = 0
    there: int = 0
    mended: tuple[str, ...] = ()  # paths that were found damaged on the host


@dataclass(frozen=True, slots=True)
class Stored:
    """A tree on the host."""

    hash: str
    label: str
    files: int
    size: int
    used: float


class Store:
    """`<root>/code` on one host. Safe to use from several threads; two that want the same wait for each other."""

    def __init__(self, transport: Transport, python: str, root: str) -> None:
        self._transport, self._python, self.root = transport, python, root
        self._verified: set[str] = set()
        self._lock = threading.Lock()

    def folder(self, tree: str) -> str:
        """Where a tree lies on the host, by its hash."""
        return f"{self.root}/code/trees/{tree}"

    def ensure(self, trees: Sequence[Tree]) -> Generator[Sent, None, Shipped]:
        """Have these trees there, whole. What this process has verified once is not asked for again."""
        with self._lock:
            wanted = [tree for tree in trees if tree.hash not in self._verified]
            if not wanted:
                return Shipped()
            shipped = yield from self._ship(wanted)
            self._verified |= {tree.hash for tree in wanted}
            return shipped

    def whole(self, names: Sequence[str]) -> set[str]:
        """Which of these trees are there as they should be."""
        with self._lock:
            asked = [name for name in names if name not in self._verified]
            if asked:
                self._verified |= set(map(str, self._ask({"ask": "verify", "names": asked})["whole"]))
            return self._verified & set(names)

    def list(self) -> tuple[Stored, ...]:
        """All trees that are there."""
        rows = self._ask({"ask": "list"})["trees"]
        return tuple(
            Stored(str(row["hash"]), str(row["label"]), int(row["files"]), int(row["bytes"]), float(row["used"]))
            for row in rows
        )

    def prune(self, unused_s: float) -> tuple[str, ...]:
        """Remove trees that were not used for so long and that no run names."""
        with self._lock:
            removed = tuple(map(str, self._ask({"ask": "prune", "unused_s": unused_s})["removed"]))
            self._verified -= set(removed)
            return removed

    def _ship(self, trees: Sequence[Tree]) -> Generator[Sent, None, Shipped]:
        question = {"trees": [tree.to_json() for tree in trees]}
        objects = {entry.key: entry for tree in trees for entry in tree.entries.values() if entry.kind != "l"}
        looked = self._ask({"ask": "look", **question})
        lacking = [objects[key] for key in looked["missing"]]
        mended = tuple(map(str, looked["damaged"]))
        if not lacking:
            return Shipped(there=len(objects), mended=mended)
        size = sum(entry.size for entry in lacking)
        if looked["free"] < size + SPARE:
            raise _full(self.root, size, int(looked["free"]))
        wire = yield from self._send({"ask": "take", **question}, lacking, size)
        return Shipped(len(lacking), size, wire, len(objects) - len(lacking), mended)

    def _send(self, question: Mapping[str, Any], lacking: Sequence[Entry], size: int) -> Generator[Sent, None, int]:
        channel = self._transport.open(argv(self._python), bulk=True)
        done, wire = 0, 0
        try:
            with Watchdog(channel.close, STALL_S) as watchdog:
                try:
                    channel.send(self._question(question))
                    for data, moved in _stream(lacking):
                        channel.send(data)
                        watchdog.alive()
                        done, wire = done + moved, wire + len(data)
                        yield Sent(done, size)
                    channel.end_input()
                except Unreachable as error:
                    self._explain(channel, error)
                answer = _read(channel)
            if watchdog.barked:
                raise TimedOut(f"the host took nothing for {STALL_S:g} s")
        finally:
            channel.close()
        if self._answer(answer, channel.stderr(), None)["missing"]:
            raise CommandFailed("the host lost what it was sent", "look at its disk, and try again")
        return wire

    def _explain(self, channel: Channel, error: Unreachable) -> None:
        """It went away while we sent: its last word says why, else the connection broke."""
        last = _read(channel)
        if _MARK in last:
            self._answer(last, b"", None)
        said = channel.stderr().decode("utf-8", "replace").strip().splitlines()
        raise Unreachable(f"{error.what}: {said[-1]}" if said else error.what, error.mend) from None

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        done = self._transport.run(argv(self._python), input=self._question(question), timeout=LOOK_S)
        return self._answer(done.stdout, done.stderr, done.code)

    def _question(self, question: Mapping[str, Any]) -> bytes:
        return bundle("remote.store") + framed(json.dumps({**question, "root": self.root}).encode())

    def _answer(self, out: bytes, err: bytes, code: int | None) -> dict[str, Any]:
        """The line that is ours. A RemoteError with the mend when there is none, or when it tells of a failure."""
        start = out.rfind(_MARK)
        try:
            found = json.loads(out[start + len(_MARK) - 1 :]) if start >= 0 else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise _mute(self._python, err.decode("utf-8", "replace").strip(), code)
        if "failed" in found:
            raise _failed(self.root, found)
        return found


def _read(channel: Channel) -> bytes:
    """All that it says until its end, however that comes."""
    out = bytearray()
    with contextlib.suppress(Unreachable):
        while data := channel.recv(_PIECE):
            out += data
    return bytes(out)


def _stream(entries: Iterable[Entry]) -> Iterator[tuple[bytes, int]]:
    """One gzip stream of objects in pieces, each with the bytes of files that went into it."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    data, moved = bytearray(), 0
    for entry in entries:
        data += packer.compress(f"{entry.key} {entry.size}\n".encode())
        for piece in entry.pieces():
            data += packer.compress(piece)
            moved += len(piece)
            if len(data) >= _PIECE:
                yield bytes(data), moved
                data, moved = bytearray(), 0
    yield bytes(data) + packer.flush(), moved


def _mute(python: str, said: str, code: int | None) -> RemoteError:
    if code == 127:
        return HostLacks(f"the host has no {python}", "set the host's python to one that is there")
    if code is None and not said:
        return Unreachable("the connection broke before the host had answered")
    return CommandFailed(f"{python} on the host did not answer: {said.splitlines()[-1] if said else 'nothing'}")


def _failed(root: str, found: Mapping[str, Any]) -> RemoteError:
    what, path = str(found["failed"]), str(found.get("path", ""))
    if found.get("errno") in ("ENOSPC", "EDQUOT"):
        return HostLacks(
            f"no room in {root}/code on the host: {what}", "free space there, or set the host's root elsewhere"
        )
    if found.get("errno"):
        mend = "set the host's root to a folder that you may write" if found["errno"] in ("EACCES", "EROFS") else ""
        return CommandFailed(f"{path or root}: {what}", mend)
    return CommandFailed(what, "try again")


def _full(root: str, size: int, free: int) -> HostLacks:
    what = (
        f"no room in {root}/code on the host: {size / 2**20:.1f} MiB are to be sent and {free / 2**20:.1f} MiB are free"
    )
    return HostLacks(what, "free space there, or set the host's root elsewhere")
