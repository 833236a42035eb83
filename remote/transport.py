"""The seam between this laptop and a host: byte channels and short commands. `local`, `ssh` and `fake` ship.

All calls block and are made from threads of their own, never from the screen's loop. Everything above this file works
the same on every transport.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remote.errors import TooMuch

MOST_OUTPUT = 256 * 2**20  # of a short command: a list of some million files


def bounded(name: str, out: bytearray) -> None:
    """TooMuch when a command has said more than it may."""
    if len(out) > MOST_OUTPUT:
        raise TooMuch(f"{name} said more than {MOST_OUTPUT / 2**20:g} MiB, and was ended")


@dataclass(frozen=True, slots=True)
class Completed:
    """A short command that ended. `code` is None when the connection broke before it was known."""

    code: int | None
    stdout: bytes
    stderr: bytes


class Channel(Protocol):
    """A process on the host with its standard streams. stderr is drained by the transport and kept, bounded."""

    def send(self, data: bytes) -> None:
        """Write all of `data`. Unreachable when the other side is gone."""

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes as soon as there are any; b"" at the end."""

    def end_input(self) -> None:
        """Nothing more will be sent: the process reads the end of its input. Safe to call twice."""

    def wait(self, timeout: float) -> int | None:
        """How it ended, once `recv` has said so: None when that is not known (in time). Negative: by that signal."""

    def close(self) -> None:
        """End it. Safe to call twice, and from another thread while `recv` waits."""

    def stderr(self) -> bytes:
        """What it has said on stderr so far, the last 64 KiB."""


class Transport(Protocol):
    """A way to one host."""

    def connect(self) -> None:
        """Be ready, or raise a RemoteError. Called again before every attempt of a link: what is open already is
        checked with a bound and opened anew when it no longer answers. Also works after `close`.
        """

    def open(self, argv: Sequence[str], *, bulk: bool = False) -> Channel:
        """Start a long-lived process. A program that is not there shows as on any shell: the end at once, and a word on
        stderr. `bulk`: it will move many bytes, and goes where they do not delay the probe.
        """

    def run(self, argv: Sequence[str], *, input: bytes = b"", timeout: float = 30.0) -> Completed:
        """Run a short command to its end. TimedOut when it takes longer, TooMuch when it says more than MOST_OUTPUT on
        stdout; the command is ended then. Of stderr the last 64 KiB are kept.

        A program that is not there ends with 127, as on any shell.
        """

    def attach_argv(self, argv: Sequence[str]) -> list[str]:
        """A command line for this laptop's terminal that runs `argv` on the host with a terminal."""

    def give_up(self) -> None:
        """Whoever waits for the way to be opened, in whichever call, hears Unreachable now. What is open stays open."""

    def close(self) -> None:
        """Close everything; safe to call twice."""
