"""The way in: whether there is one, what the login shell adds to every command, how many sessions it has room for."""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol, runtime_checkable

from console.examine.found import Found, bad, good, text_of, warning
from remote.errors import AuthFailed, HostKeyProblem, RemoteError
from remote.transport import Transport

SLOW_S = 0.5  # that start files may take before it is worth a word
_TALK = "while read -r line; do echo $line; done"
_ROUNDS = 3


@runtime_checkable
class Noisy(Protocol):
    """A channel behind a login shell."""

    def noise(self) -> bytes:
        """What the shell's start files printed before the command began."""


def reach(subject: str, transport: Transport) -> Found:
    """Whether we get in; else what is in the way: the network, the host's key, or the login."""
    try:
        transport.connect()
        done = transport.run(["uname", "-sr"])
    except HostKeyProblem as error:
        return bad(subject, "host key", error.what, error.mend)
    except AuthFailed as error:
        return bad(subject, "login", error.what, error.mend)
    except RemoteError as error:
        return bad(subject, "reach", error.what, error.mend)
    return good(subject, "reach", text_of(done))


def look(subject: str, transport: Transport) -> Iterator[Found]:
    """Start files of the login shell, then sessions."""
    began = time.monotonic()
    channel = transport.open(["sh", "-c", _TALK])
    try:
        moments = [began]
        for _ in range(1 + _ROUNDS):
            channel.send(b"x\n")
            channel.recv(64)
            moments.append(time.monotonic())
        first, *trips = (later - earlier for earlier, later in pairwise(moments))
        noise = channel.noise() if isinstance(channel, Noisy) else b""
    finally:
        channel.close()
    yield shell(subject, noise, max(0.0, first - 3 * min(trips)))  # a session, a command, an answer
    yield _sessions(subject, transport)


def shell(subject: str, noise: bytes, seconds: float) -> Found:
    """What the start files say and cost."""
    cost = f"{seconds * 1000:.0f} ms until a command begins"
    mend = "in the login shell's start file, end early without a terminal: case $- in *i*) ;; *) return ;; esac"
    if noise:
        words = noise.decode("utf-8", "replace").strip().splitlines()
        sample = f" (“{words[0].strip()[:40]}”)" if words else ""
        detail = f"start files print {len(noise):,} bytes into every command{sample}; they are passed over; {cost}"
        return warning(subject, "login shell", detail, mend)
    if seconds > SLOW_S:
        return warning(subject, "login shell", f"slow start files: {cost}, every time", mend)
    return good(subject, "login shell", f"quiet, {cost}")


def _sessions(subject: str, transport: Transport) -> Found:
    """Two commands at once: a server that takes only one session a connection gives the second a connection of its own,
    and each connection has a port of its own here.
    """
    ask = ["sh", "-c", 'echo "$SSH_CONNECTION"; read -r line']
    channel = transport.open(ask)
    try:
        one = channel.recv(256).decode("utf-8", "replace").strip()
        two = text_of(transport.run(["sh", "-c", 'echo "$SSH_CONNECTION"']))
    finally:
        channel.close()
    if one and two and one != two:
        mend = "raise MaxSessions in the host's sshd_config (10 is its default)"
        return warning(subject, "sessions", "few sessions a connection: a second connection is used", mend)
    return good(subject, "sessions", "several on one connection")
