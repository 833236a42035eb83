"""From a folder of a host into a folder here: only what differs, each file whole and compared by its hash.

A pull is rounds: list, compare, take. A connection that breaks begins a new round, in which what is here already is not
sent again; a file that changed while it was read is taken again in the next one.
"""

import contextlib
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from remote.backoff import Backoff
from remote.errors import CommandFailed, HostLacks, RemoteError, Unreachable
from remote.transfer import names, stream
from remote.transfer.bare import Bare
from remote.transfer.host.take import PARTS, part_name
from remote.transfer.listing import Entry, Left, Link, Listing, look
from remote.transfer.pace import Bucket, Meter, Progress, piece
from remote.transfer.parts import Have, Target, hashed, told
from remote.transfer.plan import Kept, ways
from remote.transfer.quiet import Quiet
from remote.transfer.receiver import Ask, Receiver
from remote.transport import Transport

TRIES = 6  # connections that broke before a byte came, in a row
ROUNDS = 5  # for files that change while they are read


class Stopped(RemoteError):
    """Somebody wanted it to end. What came is kept."""


def _everything(_path: str) -> bool:
    return True


def _nothing(_path: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a folder is wanted. `kept` is known to be here whole, from an earlier pull."""

    folder: str
    target: Path
    wanted: Callable[[str], bool] = _everything
    grows: Callable[[str], bool] = _nothing  # files that are only appended to: their beginning is what it was
    kept: Mapping[str, Kept] = field(default_factory=dict)
    verify: bool = False  # trust neither times nor sizes: compare the hashes of all
    link: Link | None = None  # all other links stay where they are


@dataclass(frozen=True, slots=True)
class Pulled:
    """What is here now, all of it verified; what was left, and why; what had to be moved for it."""

    kept: Mapping[str, Kept]
    left: tuple[Left, ...] = ()
    files: int = 0
    bytes: int = 0
    missing: bool = False  # the host has no such folder


class Pull:
    """One transfer. Iterate `run()`; ending it early or setting `stop` is safe at any point."""

    def __init__(
        self,
        transport: Transport,
        wish: Wish,
        *,
        pythons: tuple[str, ...] = ("python3",),
        buckets: tuple[Bucket, ...] = (),
        stop: threading.Event | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._transport, self._wish, self._pythons, self._buckets = transport, wish, pythons, buckets
        self._stop = stop or threading.Event()
        self._backoff = backoff or Backoff(first=0.2, longest=10.0)
        self._meter = Meter()
        self._piece = piece(stream.PIECE, buckets)
        self._kept = dict(wish.kept)
        self._checked: set[str] = set()  # with `verify`: compared already
        self._left: dict[str, str] = {}
        self._taken: set[str] = set()
        self._bare = False

    def run(self) -> Generator[Progress, None, Pulled]:
        """Yields its progress a few times a second; returns what came of it."""
        tries, rounds = 0, 0
        with Target(self._wish.target) as target:
            while True:
                before = self._meter.bytes
                try:
                    again = yield from self._round(target)
                except Unreachable as error:
                    tries = 1 if self._meter.bytes > before else tries + 1
                    if tries > TRIES:
                        raise
                    yield self._meter.now(f"{error.what}: try {tries} of {TRIES}")
                    yield from self._reconnect()
                    continue
                if again is None:
                    return Pulled({}, missing=True)
                rounds += 1
                if not again or rounds >= ROUNDS:
                    self._left |= {path: f"{why}, {rounds} times in a row" for path, why in again.items()}
                    break
        return self._result()

    def settle(self, pulled: Pulled) -> None:
        """What was taken is on this disk when this returns."""
        Target(self._wish.target).settle(path for path in self._taken if path in pulled.kept)

    def _result(self) -> Pulled:
        left = tuple(Left(path, why) for path, why in sorted(self._left.items()))
        return Pulled(self._kept, left, len(self._taken), self._meter.bytes)

    def _reconnect(self) -> Generator[Progress, None, None]:
        if self._stop.wait(self._backoff.next()):
            raise Stopped("stopped; what came is kept", "do it again to go on")
        with contextlib.suppress(Unreachable):  # the next round finds out, and counts
            self._transport.connect()
        yield self._meter.now()

    def _round(self, target: Target) -> Generator[Progress, None, dict[str, str] | None]:
        """What has to be looked at once more, and why; None when there is nothing to take from."""
        self._check_stop()
        listing = look(self._transport, self._wish.folder, self._pythons, None if self._bare else self._wish.link)
        if listing is None:
            return None
        files = self._choose(listing, target)
        asks = self._asks(files, target)
        # What is gone from the host or is not wanted any more is none of this pull's business.
        self._kept = {path: kept for path, kept in self._kept.items() if path in files}
        self._meter.files_total = self._meter.files + len(asks)
        self._meter.bytes_total = self._meter.bytes + sum(
            max(0, ask.entry.size - ask.have.size) for ask in asks.values()
        )
        target.forget(listing.files)
        target.require(self._meter.bytes_total - self._meter.bytes)
        if not asks:
            return {}
        yield self._meter.now()
        receiver = Receiver(target, asks, self._meter)
        try:
            yield from self._take(receiver, asks)
        finally:
            receiver.close()
            self._kept |= receiver.kept
            self._taken |= {path for path in receiver.kept if not asks[path].in_place}
            self._checked |= set(receiver.kept)
            self._left |= receiver.failed
        return receiver.again

    def _take(self, receiver: Receiver, asks: dict[str, Ask]) -> Generator[Progress, None, None]:
        if not self._bare:
            try:
                yield from self._flow(receiver, asks)
                return
            except stream.NoPython:
                self._bare = True
        if self._wish.link is not None and asks.pop(self._wish.link.path, None) is not None:
            self._left[self._wish.link.path] = "it is a link"  # which only a Python there can follow safely
        yield from Bare(self._transport, self._wish.folder, receiver, self._wait, self._stop, self._piece).take(asks)

    def _flow(self, receiver: Receiver, asks: dict[str, Ask]) -> Generator[Progress, None, None]:
        files = [ask.request() for ask in asks.values()]
        request = {"op": "give", "folder": self._wish.folder, "files": files, "link": self._wish.link}
        channel = stream.begin(self._transport, request, self._pythons)
        try:
            with Quiet(channel, self._stop) as quiet:
                while not receiver.over:
                    self._check_stop()
                    data = channel.recv(self._piece)
                    quiet.away()
                    if not data:
                        self._check_stop()
                        stream.ended(channel)
                    receiver.feed(data)
                    self._wait(len(data))
                    quiet.heard()
                    if progress := self._meter.due():
                        yield progress
        finally:
            channel.close()

    def _wait(self, amount: int) -> None:
        """Not faster than allowed; Stopped when it shall end."""
        pause = max((bucket.take(amount) for bucket in self._buckets), default=0.0)
        if pause:
            self._stop.wait(pause)
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped("stopped; what came is kept", "do it again to go on")

    def _choose(self, listing: Listing, target: Target) -> dict[str, Entry]:
        """What is wanted of it. What is wanted and cannot be is told."""
        wanted = self._wish.wanted
        files = {path: entry for path, entry in listing.files.items() if wanted(path) and not _ours(path)}
        self._left = {path: why for path, why in listing.left if wanted(path) and not _ours(path)}
        for path in names.clashes(files, case=not target.ignores_case()):
            del files[path]
            self._left[path] = "another file of the host stands in its way here"
        return files

    def _asks(self, files: dict[str, Entry], target: Target) -> dict[str, Ask]:
        here = target.here(files)
        grows = frozenset(path for path in files if self._wish.grows(path))
        found = ways(files, here, self._kept, grows, verify=self._wish.verify)
        asks: dict[str, Ask] = {}
        begun = target.begun()
        for path, way in found.items():
            if way == "same" or (path in self._checked and self._is_kept(files[path])):
                continue
            ask = Ask(files[path], grows=path in grows)
            if way == "check":
                with told(target.folder):
                    ask.have, ask.in_place = hashed(target.folder / path), True
            elif way == "grow":
                ask.have = target.seed(path)
            elif len(begun) > 1 and part_name(path) in begun:  # the lock is always there
                ask.have = target.beginning(path)
            if ask.have.size > files[path].size:
                ask.have, ask.in_place = Have(), False
            asks[path] = ask
        return asks

    def _is_kept(self, entry: Entry) -> bool:
        kept = self._kept.get(entry.path)
        return kept is not None and (kept.size, kept.mtime_ns) == (entry.size, entry.mtime_ns)


def _ours(path: str) -> bool:
    return path.startswith(f"{PARTS}/")


__all__ = ["CommandFailed", "HostLacks", "Pull", "Pulled", "Stopped", "Wish"]
