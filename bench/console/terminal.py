"""A program in a real terminal (a pty) of a given size: what it writes, when, and what it costs. For the benchmarks.

Time is this machine's monotonic clock. `seen` waits for bytes that were painted: what steers the terminal is taken out
of them, so that a line stands there as one piece of text.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path

_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78cDEHM])")
_ASKED = ((b"\x1b[6n", b"\x1b[1;1R"), (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x1b\\"))  # place, background
TICK = os.sysconf("SC_CLK_TCK")


def plain(data: bytes) -> bytes:
    """Without what steers the terminal."""
    return _CONTROL.sub(b"", data)


class Terminal:
    """The program runs until `close`."""

    def __init__(self, argv: Sequence[str], *, width: int = 160, height: int = 50, **environment: str) -> None:
        self.began = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled already
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}, **environment)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            os.execvp(argv[0], list(argv))
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.came = bytearray()
        self.bytes = 0

    def read(self, seconds: float) -> bytes:
        """What comes next, or nothing after so long."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return b""
        with contextlib.suppress(OSError):
            data = os.read(self._fd, 1 << 20)
            self.came += data
            self.bytes += len(data)
            for asked, answer in _ASKED:
                if asked in data:
                    os.write(self._fd, answer)
            return data
        return b""

    def seen(self, text: bytes | re.Pattern[bytes], timeout: float = 30.0) -> float | None:
        """The moment at which it was painted, from now on and in what has not been looked at; None: it never was."""
        end = time.monotonic() + timeout
        pattern = text if isinstance(text, re.Pattern) else re.compile(re.escape(text))
        while True:
            if found := pattern.search(plain(bytes(self.came))):
                del self.came[:]
                assert found
                return time.monotonic()
            if time.monotonic() >= end:
                return None
            self.read(end - time.monotonic())

    def drain(self, seconds: float) -> int:
        """Read for so long, and forget it; how many bytes it was."""
        before, end = self.bytes, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)
            del self.came[:]
        return self.bytes - before

    def type(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    def still(self, seconds: float, timeout: float = 120.0) -> float:
        """Read until nothing is painted for so long; the moment of the last paint."""
        last, end = time.monotonic(), time.monotonic() + timeout
        while time.monotonic() - last < seconds and time.monotonic() < end:
            if self.read(0.1):
                last = time.monotonic()
            del self.came[:]
        return last

    def cpu(self) -> float:
        """Seconds of CPU of the program itself, so far."""
        return cpu_of(self.pid)

    def family(self) -> list[int]:
        """The program and all that it started."""
        return [self.pid, *below(self.pid)]

    def cpu_of_all(self) -> float:
        """Seconds of CPU of the family, so far."""
        return sum(map(cpu_of, self.family()))

    def memory_of_all(self) -> float:
        """MiB of the family; what several share is counted once."""
        return sum(map(_share, self.family())) / 1024

    def resident(self) -> float:
        """MiB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def close(self, keys: bytes = b"\x03") -> None:
        """Ask it to go, and see to it."""
        for step in (keys, None):
            with contextlib.suppress(OSError):
                os.write(self._fd, step) if step else os.kill(self.pid, signal.SIGKILL)
            end = time.monotonic() + 5
            while time.monotonic() < end:
                self.read(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._fd)
                    return
        os.waitpid(self.pid, 0)
        os.close(self._fd)


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a process, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def below(pid: int) -> list[int]:
    """Everything that a process started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found = {int(child) for task in tasks for child in (task / "children").read_text().split()}
    return [*found, *(grand for child in found for grand in below(child))]


def _share(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
