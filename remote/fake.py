"""A transport without a host: channels that say what a script tells them, and commands that a function answers.

Ships with the product: replay and tests use it wherever a host would be in the way.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from remote.errors import RemoteError, Unreachable
from remote.transport import Completed


@dataclass(frozen=True, slots=True)
class Pause:
    """Say nothing for a while."""

    seconds: float


class Silence:
    """Say nothing more, and keep the channel open."""


class Drop:
    """Break the connection: `recv` and `send` raise Unreachable."""


Saying = bytes | Pause | Silence | Drop | RemoteError


@dataclass
class FakeChannel:
    """Says its script, piece by piece, then ends. `sent` is what it was told."""

    script: Iterator[Saying]
    errors: bytes = b""
    sent: bytearray = field(default_factory=bytearray)
    closed: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False
    input_over: bool = False
    _rest: bytes = b""

    def send(self, data: bytes) -> None:
        if self.closed.is_set() or self.dropped:
            raise Unreachable("the fake connection is gone")
        self.sent += data

    def recv(self, size: int) -> bytes:
        while not self._rest and not self.closed.is_set():
            saying = next(self.script, None)
            if saying is None:
                return b""
            if isinstance(saying, bytes):
                self._rest = saying
            elif isinstance(saying, Pause):
                self.closed.wait(saying.seconds)
            elif isinstance(saying, Silence):
                self.closed.wait()
            else:
                self.dropped = True
                raise saying if isinstance(saying, RemoteError) else Unreachable("the fake connection was dropped")
        out, self._rest = self._rest[:size], self._rest[size:]
        return b"" if self.closed.is_set() else out

    def end_input(self) -> None:
        self.input_over = True

    def wait(self, timeout: float) -> int | None:
        return None if self.dropped else 0

    def close(self) -> None:
        self.closed.set()

    def stderr(self) -> bytes:
        return self.errors


def _no_command(argv: Sequence[str], _input: bytes) -> Completed:
    return Completed(127, b"", f"{argv[0]}: not found\n".encode())


class FakeTransport:
    """`scripts`: one for each channel that is opened, in turn; without one left, opening is refused. `refusals`: raised
    by `connect`, one a call, before it begins to succeed. `errors`: what every channel has on stderr.
    """

    def __init__(
        self,
        scripts: Iterable[Iterable[Saying]] = (),
        commands: Callable[[Sequence[str], bytes], Completed] = _no_command,
        refusals: Iterable[RemoteError] = (),
        errors: bytes = b"",
    ) -> None:
        self.channels: list[FakeChannel] = []
        self.opened: list[tuple[str, ...]] = []
        self.connects = 0
        self._scripts, self._commands, self._refusals = iter(scripts), commands, iter(refusals)
        self._errors = errors

    def connect(self) -> None:
        self.connects += 1
        refusal = next(self._refusals, None)
        if refusal is not None:
            raise refusal

    def open(self, argv: Sequence[str], *, bulk: bool = False) -> FakeChannel:
        script = next(self._scripts, None)
        if script is None:
            raise Unreachable("the fake host has no more channels to give")
        self.opened.append(tuple(argv))
        self.channels.append(FakeChannel(iter(script), self._errors))
        return self.channels[-1]

    def run(self, argv: Sequence[str], *, input: bytes = b"", timeout: float = 30.0) -> Completed:
        return self._commands(argv, input)

    def attach_argv(self, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def give_up(self) -> None:
        """Nobody waits: a script is there at once."""

    def close(self) -> None:
        for channel in self.channels:
            channel.close()
