"""A command on a host: paramiko's channel with bounds, without the login shell's noise."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence

import paramiko

from remote.errors import TimedOut, Unreachable
from remote.ssh.command import Sieve, direct, marked, own_words
from remote.ssh.protocol import Engine
from remote.transport import Completed, bounded

PIECE = 64 * 1024
OPEN_S = 15.0
PATIENCE = 0.5  # what a command is given to end by itself when its input has


class Refused(Exception):
    """The server gives no further session on this connection (MaxSessions)."""


class SshChannel:
    """See `remote.transport.Channel`. `end_group` ends what does not go by itself; it is given the process's pid. A
    `short` command goes the fast way, if there is one; `misread` says that it has to go again.
    """

    def __init__(
        self,
        engine: Engine,
        argv: Sequence[str],
        end_group: Callable[[int], None],
        timeout: float = OPEN_S,
        *,
        short: bool = False,
    ) -> None:
        self._direct = short and direct(engine.shell)
        line, self._mark = marked(argv, engine.shell if short else "")
        self._engine, self._end_group, self._name = engine, end_group, argv[0]
        self._sieve = Sieve(self._mark)
        self._closing = threading.Lock()
        self._over = False
        self._said: bytes | None = None  # once closed
        try:
            self._channel = engine.session(timeout)
        except paramiko.ChannelException:
            raise Refused from None
        except (EOFError, OSError, paramiko.SSHException) as error:
            raise Unreachable(f"no session on the host: {str(error) or 'the connection broke'}") from None
        self._notes = engine.notes_of(self._channel.chanid)
        try:
            engine.execute(self._channel, line)
        except (EOFError, OSError, paramiko.SSHException) as error:
            self._drop()
            raise Unreachable(f"{self._name} was not started: {str(error) or 'the connection broke'}") from None

    @property
    def closed(self) -> bool:
        return self._over

    @property
    def misread(self) -> bool:
        """The login shell is another than it seemed: the command was not begun, and the next one goes the safe way."""
        lost = self._direct and self._sieve.pid is None
        if lost:
            self._engine.shell = "?"
        return lost

    @property
    def pid(self) -> int | None:
        """The process on the host, once it has begun."""
        return self._sieve.pid

    def send(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except (EOFError, OSError, paramiko.SSHException):
            raise Unreachable("the channel is closed") from None

    def recv(self, size: int) -> bytes:
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):  # reading also gives the server room anew
            while data := self._receive(size):
                own = self._sieve.feed(data)
                if own:
                    return own
        return b""

    def end_input(self) -> None:
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
            self._channel.shutdown_write()

    def wait(self, timeout: float) -> int | None:
        with contextlib.suppress(TimeoutError):
            self._await_status(time.monotonic() + timeout)
        return self._code()

    def stderr(self) -> bytes:
        said = self._said if self._said is not None else bytes(self._notes.stderr)
        return own_words(said, self._mark)

    def noise(self) -> bytes:
        """What the login shell's start files printed before the command began."""
        before, found, _ = bytes(self._notes.stderr).partition(self._mark + b"\n")
        return self._sieve.noise + (before if found else b"")

    def finish(self, data: bytes, timeout: float) -> Completed:
        """Give it its input and take its output until it ends; TimedOut and TooMuch end it."""
        end = time.monotonic() + timeout
        out = bytearray()
        try:
            self._feed(data, out, end)
            self._channel.shutdown_write()
            while piece := self._receive(PIECE, end):
                out += self._sieve.feed(piece)
                bounded(self._name, out)
            self._await_status(end)
        except TimeoutError:
            raise TimedOut(f"{self._name} took longer than {timeout:g} s on the host") from None
        except (EOFError, OSError, paramiko.SSHException):
            return Completed(None, bytes(out), self.stderr())
        finally:
            code = self._code()
            self._engine.shell = self._engine.shell or self._sieve.shell
            self.close()
        return Completed(code, bytes(out), self.stderr())

    def close(self) -> None:
        with self._closing:
            if self._over:
                return
            self._channel.shutdown_read()  # whoever waits in recv hears of it at once
            ended = self._ended()
            if not ended and self._engine.is_active():
                with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
                    self._channel.shutdown_write()
                    self._channel.status_event.wait(PATIENCE)
                ended = self._ended()
            self._drop()
            self._over = True
            if not ended and self._sieve.pid is not None and self._engine.is_active():
                self._end_group(self._sieve.pid)

    def _drop(self) -> None:
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
            self._channel.close()
        self._said = bytes(self._notes.stderr)
        self._engine.forget(self._channel.chanid)

    def _ended(self) -> bool:
        return self._channel.exit_status >= 0 or self._notes.signal is not None

    def _receive(self, size: int, end: float | None = None) -> bytes:
        self._channel.settimeout(None if end is None else max(0.001, end - time.monotonic()))
        return self._channel.recv(size)

    def _feed(self, data: bytes, out: bytearray, end: float) -> None:
        """Send, and take what comes meanwhile: neither side may wait for the other's window."""
        rest = memoryview(data)
        self._channel.settimeout(max(0.001, end - time.monotonic()))
        while rest:
            if self._channel.send_ready():
                sent = self._channel.send(bytes(rest[:PIECE]))
                rest = rest[sent:]
                continue
            if self._channel.recv_ready():
                out += self._sieve.feed(self._channel.recv(PIECE))
                bounded(self._name, out)
            elif self._channel.closed or self._channel.exit_status_ready():
                return
            else:
                time.sleep(0.002)
            if time.monotonic() > end:
                raise TimeoutError

    def _await_status(self, end: float) -> None:
        """The output is over; the exit status may be a moment behind, and that moment has an end too."""
        while not self._ended() and not self._channel.closed and self._engine.is_active():
            if time.monotonic() > end:
                raise TimeoutError
            self._channel.status_event.wait(min(0.1, max(0.001, end - time.monotonic())))

    def _code(self) -> int | None:
        if self._notes.signal is not None:
            return -self._notes.signal
        return self._channel.exit_status if self._channel.exit_status >= 0 else None
