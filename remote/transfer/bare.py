"""A pull from a host without Python: small files as one stream of its tar, large ones by tail, hashes by sha256sum.

Slower (a process or two for every file's hash) and as careful: the same receiver, the same comparison before a rename.
"""

import re
import shlex
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from remote import shell
from remote.errors import CommandFailed, HostLacks, Unreachable
from remote.transfer.host import tar
from remote.transfer.pace import Progress
from remote.transfer.parts import Have
from remote.transfer.quiet import Quiet
from remote.transfer.receiver import Ask, Receiver
from remote.transport import Channel, Transport

SMALL = 4 * 2**20
PIECE = 1024 * 1024
AT_ONCE = 200  # hashes asked for in one command
_END_S = 10.0
_TOOLS = ("tar", "tail", "head", "sha256sum")
_SUM = 'sum() { s=$(head -c "$1" <"$2" 2>/dev/null | sha256sum); printf "%s\\n" "${s%% *}"; }\n'


@dataclass(frozen=True, slots=True)
class Bare:
    """One round of a pull. `wait` is told of what came, and keeps to the limit."""

    transport: Transport
    folder: str
    receiver: Receiver
    wait: Callable[[int], None]
    stop: threading.Event

    def take(self, asks: Mapping[str, Ask]) -> Generator[Progress, None, None]:
        """All of them. HostLacks names what is not there."""
        self._require()
        small = [ask for ask in asks.values() if _is_small(ask)]
        large = [ask for ask in asks.values() if not _is_small(ask)]
        if small:
            yield from self._by_tar(small)
        for ask in large:
            yield from self._by_tail(ask)

    def _require(self) -> None:
        script = "".join(f"command -v {tool} >/dev/null || echo {tool}\n" for tool in _TOOLS)
        missing = self.transport.run(["sh", "-s"], input=script.encode()).stdout.decode("utf-8", "replace").split()
        if missing:
            what = f"the host has no Python that we could use, and no {' or '.join(missing)} either"
            raise HostLacks(what, "install python3 on it, or set the host's python")

    def _by_tar(self, asks: Sequence[Ask]) -> Generator[Progress, None, None]:
        names = "".join(f"./{ask.entry.path}\n" for ask in asks).encode()
        script = f"cd -- {shell.path(self.folder)} && exec tar -cf - -T -"
        channel = self.transport.open(["sh", "-c", script], bulk=True)
        # A pipe holds 64 KiB: tar may begin to answer before it has read all names.
        threading.Thread(target=_say, args=(channel, names), daemon=True).start()
        reader, come = tar.Reader(), list[Ask]()
        try:
            with Quiet(channel, self.stop) as quiet:
                while not reader.over:
                    data = channel.recv(PIECE)
                    quiet.away()
                    if not data:
                        _broken(channel)
                    self._feed(reader, data, come)
                    self.wait(len(data))
                    quiet.heard()
                    if progress := self.receiver.due():
                        yield progress
        except tar.BadTar as error:
            raise CommandFailed(f"the host's tar sent something else than files: {error}") from None
        finally:
            self.receiver.close()
            channel.close()
        self._judge(come)
        there = {ask.entry.path for ask in come}
        self.receiver.again |= {ask.entry.path: "it is gone" for ask in asks if ask.entry.path not in there}

    def _feed(self, reader: tar.Reader, data: bytes, come: list[Ask]) -> None:
        for event in reader.feed(data):
            if isinstance(event, memoryview):
                self.receiver.write(event)
            elif isinstance(event, tar.Member):
                come.append(self.receiver.begin(event.name.removeprefix("./"), event.size))
            elif isinstance(event, tar.Whole):
                self.receiver.close()
            elif isinstance(event, tar.Note):
                raise tar.BadTar("a note, where none can be")

    def _by_tail(self, ask: Ask) -> Generator[Progress, None, None]:
        """From the byte where what is here ends, when that is the beginning of the host's file."""
        path = ask.entry.path
        if ask.have.size:
            (found,) = self._sums([ask])
            if found == ask.have.sha.hexdigest():
                self.receiver.goes_on(path)
            else:
                ask.have, ask.in_place = Have(), False
        left = ask.entry.size - ask.have.size
        self.receiver.begin(path, left)
        if left:
            yield from self._tail(ask, left)
        self._judge([ask])

    def _tail(self, ask: Ask, left: int) -> Generator[Progress, None, None]:
        script = f'exec tail -c +"$1" -- {shell.path(self.folder)}/"$2"'
        argv = ["sh", "-c", script, "sh", str(ask.have.size + 1), ask.entry.path]
        channel = self.transport.open(argv, bulk=True)
        try:
            with Quiet(channel, self.stop) as quiet:
                while left:
                    data = channel.recv(min(PIECE, left))
                    quiet.away()
                    if not data:
                        if channel.wait(_END_S) is None:
                            raise Unreachable("the connection broke in the middle of a transfer")
                        return  # it is shorter than it was: its hash will say so
                    self.receiver.write(memoryview(data))
                    left -= len(data)
                    self.wait(len(data))
                    quiet.heard()
                    if progress := self.receiver.due():
                        yield progress
        finally:
            self.receiver.close()
            channel.close()

    def _judge(self, asks: Sequence[Ask]) -> None:
        for first in range(0, len(asks), AT_ONCE):
            some = asks[first : first + AT_ONCE]
            for ask, found in zip(some, self._sums(some), strict=True):
                about = {"sha256": found, "mtime_ns": ask.entry.mtime_ns, "mode": ask.entry.mode}
                self.receiver.judge(ask, about)

    def _sums(self, asks: Sequence[Ask]) -> list[str]:
        """The host's sha256 of as much of each as is here."""
        calls = "".join(f"sum {ask.have.size} ./{shlex.quote(ask.entry.path)}\n" for ask in asks)
        script = f"{_SUM}cd -- {shell.path(self.folder)} || exit 5\n{calls}"
        done = self.transport.run(["sh", "-s"], input=script.encode(), timeout=3600.0)
        found = done.stdout.decode("ascii", "replace").split()
        if done.code is None:
            raise Unreachable("the connection broke in the middle of a transfer")
        if len(found) != len(asks) or not all(re.fullmatch(r"[0-9a-f]{64}", item) for item in found):
            raise CommandFailed("the host did not say its hashes", output=done.stderr.decode("utf-8", "replace"))
        return found


def _is_small(ask: Ask) -> bool:
    """For the tar stream, which takes a name with a backslash for something else."""
    return not ask.have.size and ask.entry.size <= SMALL and "\\" not in ask.entry.path


def _say(channel: Channel, names: bytes) -> None:
    try:
        channel.send(names)
        channel.end_input()
    except Unreachable:
        return  # whoever reads hears of it


def _broken(channel: Channel) -> None:
    code = channel.wait(_END_S)
    if code is None or code < 0:
        raise Unreachable("the connection broke in the middle of a transfer")
    words = channel.stderr().decode("utf-8", "replace").strip().splitlines()
    raise CommandFailed(f"the host's tar ended: {words[-1] if words else f'code {code}'}")
