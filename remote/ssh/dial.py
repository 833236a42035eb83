"""The bytes below SSH: a TCP connection, or what a ProxyCommand opens. Every wait has a bound."""

import contextlib
import errno
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from typing import IO, Any

from remote.errors import TimedOut, Unreachable
from remote.ssh.names import addresses
from remote.ssh.patience import Patience

UNANSWERED_MS = 15_000  # bytes that nobody acknowledges for that long end the connection


def tcp(host: str, port: int, timeout: float, patience: Patience) -> socket.socket:
    """The first address that answers; the time is shared between them."""
    end = time.monotonic() + timeout
    found = addresses(host, port, timeout, patience)
    last: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        share = max(0.2, (end - time.monotonic()) / (len(found) - number))
        sock = socket.socket(family, kind, protocol)
        try:
            tune(sock)
            _reach(sock, address, share, patience)
        except OSError as error:
            sock.close()
            last = error
            continue
        except BaseException:
            sock.close()
            raise
        return sock
    if isinstance(last, TimeoutError):
        raise TimedOut(f"{host} port {port} did not answer within {timeout:g} s")
    raise Unreachable(f"{host} port {port}: {last.strerror or last if last else 'it has no address'}")


def _reach(sock: socket.socket, address: Any, timeout: float, patience: Patience) -> None:
    """connect() with a bound and an early end; the socket blocks afterwards."""
    reader, writer = socket.socketpair()
    with reader, writer:
        patience.wakes(lambda: writer.shutdown(socket.SHUT_RDWR))
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            poll = select.poll()
            poll.register(reader, select.POLLIN)
            poll.register(sock, select.POLLOUT)
            if not poll.poll(timeout * 1000):
                raise TimeoutError
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        patience.check()
        if code:
            raise OSError(code, os.strerror(code))
    sock.setblocking(True)


def tune(sock: socket.socket) -> None:
    """No waiting for small packets, and an end to waiting for acknowledgements."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, UNANSWERED_MS)


class Proxy:
    """A ProxyCommand with its end of a socket pair; `close` ends it with all that it started."""

    def __init__(self, command: str) -> None:
        self.sock, theirs = socket.socketpair()
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._words,
                start_new_session=True,
            )
        finally:
            theirs.close()

    def said(self) -> str:
        """Its last word on stderr."""
        with contextlib.suppress(ValueError):
            self._words.seek(0)
            lines = self._words.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def close(self) -> None:
        self.sock.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
                break
        self._words.close()
