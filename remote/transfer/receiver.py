"""What comes from a host, matched against what was asked for, and landed. No name from the stream becomes a path."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remote.errors import CommandFailed
from remote.transfer.host import tar
from remote.transfer.host.give import SLACK
from remote.transfer.listing import Entry
from remote.transfer.pace import Meter, Progress
from remote.transfer.parts import RESERVE, Have, Target, told
from remote.transfer.plan import Kept


@dataclass(slots=True)
class Ask:
    """A file that is wanted, and its beginning that is here: in its part, or (`in_place`) under its own name."""

    entry: Entry
    have: Have = field(default_factory=Have)
    grows: bool = False
    in_place: bool = False

    def request(self) -> list[Any]:
        """As `host/give.py` takes it."""
        return [self.entry.path, self.entry.size, self.grows, self.have.size, self.have.sha.hexdigest()]


class Receiver:
    """Feed it the stream. `kept` is whole and here; `again` has to be taken once more, and why."""

    def __init__(self, target: Target, asks: Mapping[str, Ask], meter: Meter) -> None:
        self.kept: dict[str, Kept] = {}
        self.again: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self._target, self._asks, self._meter = target, dict(asks), meter
        self._reader = tar.Reader()
        self._goes_on = ""  # the host has said that it sends the rest of this file only
        self._ask: Ask | None = None  # the file that is coming, or whose note is due
        self._file = -1
        self._excess = 0

    @property
    def over(self) -> bool:
        """All has come."""
        return self._reader.over

    def feed(self, data: bytes) -> None:
        """CommandFailed when the host sends what was not asked for."""
        try:
            for event in self._reader.feed(data):
                if isinstance(event, memoryview):
                    self.write(event)
                elif isinstance(event, tar.Member):
                    self.begin(event.name, event.size)
                elif isinstance(event, tar.Whole):
                    self.close()
                elif isinstance(event, tar.Note):
                    self._note(event.about)
        except tar.BadTar as error:
            raise CommandFailed(f"the host sent something else than files: {error}") from None
        if self._reader.over and self._asks:
            raise CommandFailed("the host left out files that were asked for")

    def due(self) -> Progress | None:
        """How far it is, now and then."""
        return self._meter.due()

    def goes_on(self, path: str) -> None:
        """Of the next file only what is not here comes."""
        self._goes_on = path

    def begin(self, name: str, size: int) -> Ask:
        """A file comes: so many bytes of it."""
        ask = self._asks.pop(name, None)
        if ask is None:
            raise CommandFailed(f"the host sent {name[:200]!r}, which was not asked for")
        goes_on, self._goes_on = self._goes_on == name, ""
        if ask.have.size and not goes_on:
            self._meter.bytes_total += ask.have.size
            ask.have, ask.in_place = Have(), False
        over = ask.have.size + size - ask.entry.size
        self._excess += max(0, over)
        if over > SLACK or self._excess > RESERVE:
            raise CommandFailed(f"the host sent more of {name!r} than it promised")
        self._ask = ask
        if ask.in_place and size:
            self._target.seed(name)
            ask.in_place = False
        if not ask.in_place:
            end = os.O_APPEND if ask.have.size else os.O_TRUNC
            with told(self._target.folder):
                self._file = os.open(self._target.part(name), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | end, 0o600)
        return ask

    def write(self, piece: memoryview) -> None:
        """Bytes of it."""
        assert self._ask is not None
        self._ask.have.add(piece)
        self._meter.bytes += len(piece)
        rest = piece
        with told(self._target.folder):
            while rest:
                rest = rest[os.write(self._file, rest) :]

    def close(self) -> None:
        """No more bytes of it come. What is in a part stays there."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _note(self, about: Mapping[str, Any]) -> None:
        path = about.get("path")
        if path is None:
            return  # it is at work
        ask = self._ask
        if ask is None or path != ask.entry.path:
            self._note_before(path, about)
            return
        self._ask = None
        self.judge(ask, about)

    def _note_before(self, path: object, about: Mapping[str, Any]) -> None:
        if not isinstance(path, str) or path not in self._asks:
            raise CommandFailed("the host spoke of a file that was not asked for")
        if "from" in about:
            if about["from"] != self._asks[path].have.size:
                raise CommandFailed(f"the host goes on with {path!r} elsewhere than it was asked to")
            self._goes_on = path
            return
        del self._asks[path]
        self._meter.files += 1
        if about.get("gone") or about.get("changed"):
            self.again[path] = "it is gone" if about.get("gone") else "it changed"
        else:
            self.failed[path] = str(about.get("error", "the host cannot read it"))[:200]

    def judge(self, ask: Ask, about: Mapping[str, Any]) -> None:
        """All of a file is here, and this is what the host says of it."""
        path = ask.entry.path
        mtime, mode = about.get("mtime_ns"), about.get("mode")
        if not isinstance(mtime, int) or not isinstance(mode, int) or abs(mtime) >= 2**63:
            raise CommandFailed("the host's word about a file cannot be read")
        self._meter.files += 1
        if about.get("torn") or about.get("sha256") != ask.have.sha.hexdigest():
            if not ask.in_place:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._target.part(path))  # noqa: PTH108
            self.again[path] = "it changed while it was read" if about.get("torn") else "it was damaged on the way"
            return
        if ask.in_place:
            with told(self._target.folder):
                os.utime(self._target.folder / path, ns=(mtime, mtime))
        else:
            self._target.land(path, mtime, mode)
        self.kept[path] = Kept(ask.have.size, mtime, ask.have.sha.hexdigest())
