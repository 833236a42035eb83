"""The host's end of a transfer: a Python there runs `remote/transfer/host`, sent over the channel."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from remote import bundle
from remote.errors import CommandFailed, Unreachable
from remote.transport import Channel, Transport, bounded

PACKAGE = "remote.transfer.host"
PIECE = 4 * 2**20  # all that may have gathered: taking less of it at a time would move the rest about
NO_PYTHON = 127
END_S = 10.0
# The first Python that is there.
_FIRST = (
    'code=$1; shift; for p; do if command -v "$p" >/dev/null 2>&1; then exec "$p" -B -u -c "$code"; fi; done; exit 127'
)


class NoPython(Exception):
    """None of the Pythons is on the host."""


def argv(pythons: tuple[str, ...]) -> list[str]:
    """The command that waits for the bundle and a request."""
    if len(pythons) == 1:
        return bundle.argv(pythons[0])
    return ["sh", "-c", _FIRST, "sh", bundle.BOOTSTRAP, *pythons]


def begin(transport: Transport, request: Mapping[str, Any], pythons: tuple[str, ...]) -> Channel:
    """A channel on which the host does what is asked. `ended` judges its end."""
    channel = transport.open(argv(pythons), bulk=True)
    try:
        channel.send(bundle.bundle(PACKAGE) + json.dumps(request).encode() + b"\n")
    except Unreachable:
        try:
            ended(channel)  # it may have said why it went
        finally:
            channel.close()
    return channel


def ended(channel: Channel) -> NoReturn:
    """Its output is over before its time: say why."""
    code = channel.wait(END_S)
    words = channel.stderr().decode("utf-8", "replace").strip()
    if code == NO_PYTHON:
        raise NoPython
    if code is None or code < 0:
        raise Unreachable("the connection broke in the middle of a transfer")
    last = words.splitlines()[-1] if words else f"it ended with code {code}"
    raise CommandFailed(f"the host could not go on: {last}", code=code, output=words)


def ask(transport: Transport, request: Mapping[str, Any], pythons: tuple[str, ...]) -> tuple[bytes, bytes]:
    """All that it says, on stdout and on stderr."""
    channel = begin(transport, request, pythons)
    try:
        found = bytearray()
        while data := channel.recv(PIECE):
            found += data
            bounded("its answer", found)
        if channel.wait(END_S) != 0:
            ended(channel)
        return bytes(found), channel.stderr()
    finally:
        channel.close()
