"""This machine as a host: the transport without a network.

Every process gets a session of its own, so that a key pressed in the console's terminal never reaches it, and so that
it can be ended with everything that it started.
"""

import contextlib
import os
import select
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from typing import IO

from remote.errors import RemoteError, TimedOut, Unreachable
from remote.transport import Completed, bounded

KEPT_STDERR = 64 * 1024
_EXEC = ("/bin/sh", "-c", 'exec "$@"', "sh")  # a missing program then ends with 127 and a word on stderr, as over SSH


def _start(argv: Sequence[str]) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            [*_EXEC, *argv], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
        )
    except (OSError, ValueError) as error:
        raise RemoteError(f"cannot start {argv[0]!r} on this machine: {error}") from error


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _exchange(process: "subprocess.Popen[bytes]", name: str, data: bytes, end: float) -> tuple[bytearray, bytearray]:
    """Give it its input and take its output, both at once, until both outputs end."""
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    assert stdin is not None and stdout is not None and stderr is not None
    rest, out, said = memoryview(data), bytearray(), bytearray()
    os.set_blocking(stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(stdin, selectors.EVENT_WRITE)
        ready.register(stdout, selectors.EVENT_READ, out)
        ready.register(stderr, selectors.EVENT_READ, said)
        while len(ready.get_map()) > (1 if rest else 0):
            events = ready.select(max(0.0, end - time.monotonic()))
            if not events:
                raise TimeoutError
            for key, _ in events:
                if key.data is None:
                    rest = _write(stdin, rest)
                    if not rest:
                        ready.unregister(stdin)
                        stdin.close()
                elif piece := os.read(key.fd, KEPT_STDERR):
                    key.data.extend(piece)
                else:
                    ready.unregister(key.fileobj)
            bounded(name, out)
            del said[:-KEPT_STDERR]
    return out, said


def _write(stdin: IO[bytes], rest: memoryview) -> memoryview:
    """What is still to be written; nothing when nobody reads it."""
    try:
        return rest[os.write(stdin.fileno(), rest) :]
    except BlockingIOError:
        return rest
    except BrokenPipeError:
        return rest[:0]


class LocalChannel:
    """A child process. `close` first ends its input, which is how a probe is told to go, then ends its group."""

    def __init__(self, argv: Sequence[str], *, patience: float = 0.5) -> None:
        self._process = _start(argv)
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None and stdout is not None and stderr is not None
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        os.set_blocking(stdin.fileno(), False)
        self._patience = patience
        self._wake_reader, self._wake_writer = os.pipe()
        self._state = threading.Condition()
        self._closing, self._closed, self._inside = False, False, 0
        self._said = bytearray()
        self._drain = threading.Thread(target=self._drain_stderr, name=f"stderr of {argv[0]}", daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """The process, for whoever must look at it from outside."""
        return self._process.pid

    @property
    def closed(self) -> bool:
        """Everything of it is gone: process, thread and descriptors."""
        return self._closed

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._entered() as is_open:
            while rest:
                if not is_open or self._stdin.closed or not self._ready(self._stdin.fileno(), select.POLLOUT):
                    raise Unreachable("the channel is closed")
                try:
                    rest = rest[os.write(self._stdin.fileno(), rest) :]
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise Unreachable(f"the process on the other side is gone ({error.strerror})") from error

    def recv(self, size: int) -> bytes:
        with self._entered() as is_open:
            if not is_open or not self._ready(self._stdout.fileno(), select.POLLIN):
                return b""
            return os.read(self._stdout.fileno(), size)

    def end_input(self) -> None:
        with self._entered() as is_open:
            if is_open and not self._stdin.closed:
                self._stdin.close()

    def wait(self, timeout: float) -> int | None:
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stderr(self) -> bytes:
        return bytes(self._said)

    def close(self) -> None:
        with self._state:
            if self._closing:
                self._state.wait_for(lambda: self._closed)
                return
            self._closing = True
        os.write(self._wake_writer, b".")
        with self._state:
            self._state.wait_for(lambda: self._inside == 0)
        self._stdin.close()
        self._end()
        self._drain.join()
        for stream in (self._stdout, self._stderr):
            stream.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        with self._state:
            self._closed = True
            self._state.notify_all()

    @contextlib.contextmanager
    def _entered(self) -> Iterator[bool]:
        """Inside, the descriptors stay open; `close` waits until everybody has left."""
        with self._state:
            is_open = not self._closing
            self._inside += is_open
        try:
            yield is_open
        finally:
            with self._state:
                self._inside -= is_open
                self._state.notify_all()

    def _ready(self, descriptor: int, event: int) -> bool:
        """Wait until the descriptor can be used; False when the channel is being closed."""
        poll = select.poll()
        poll.register(descriptor, event)
        poll.register(self._wake_reader, select.POLLIN)
        return all(ready != self._wake_reader for ready, _ in poll.poll())

    def _end(self) -> None:
        for number in (0, signal.SIGTERM):
            _signal_group(self._process, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self._patience)
                break
        _signal_group(self._process, signal.SIGKILL)
        self._process.wait()

    def _drain_stderr(self) -> None:
        descriptor = self._stderr.fileno()
        while self._ready(descriptor, select.POLLIN):
            data = os.read(descriptor, KEPT_STDERR)
            if not data:
                return
            self._keep(data)
        os.set_blocking(descriptor, False)
        with contextlib.suppress(BlockingIOError):
            self._keep(os.read(descriptor, KEPT_STDERR))  # its last words

    def _keep(self, data: bytes) -> None:
        self._said += data
        del self._said[:-KEPT_STDERR]


class LocalTransport:
    """This machine."""

    def __init__(self) -> None:
        self._channels: list[LocalChannel] = []
        self._lock = threading.Lock()

    def connect(self) -> None:
        """There is nothing to connect to: this machine answers as long as we run."""

    def open(self, argv: Sequence[str], *, bulk: bool = False) -> LocalChannel:
        channel = LocalChannel(argv)
        with self._lock:
            self._channels = [known for known in self._channels if not known.closed] + [channel]
        return channel

    def run(self, argv: Sequence[str], *, input: bytes = b"", timeout: float = 30.0) -> Completed:
        process = _start(argv)
        end = time.monotonic() + timeout
        try:
            out, said = _exchange(process, argv[0], input, end)
            process.wait(max(0.0, end - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise TimedOut(f"{argv[0]} took longer than {timeout:g} s on this machine") from None
        finally:
            self._finish(process)
        return Completed(process.returncode, bytes(out), bytes(said))

    def attach_argv(self, argv: Sequence[str]) -> list[str]:
        return list(argv)

    def give_up(self) -> None:
        """There is no way to be opened."""

    def close(self) -> None:
        with self._lock:
            channels, self._channels = self._channels, []
        for channel in channels:
            channel.close()

    @staticmethod
    def _finish(process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            _signal_group(process, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
