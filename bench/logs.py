"""The log screen in a real terminal, beside toolong and less where they are installed, in turn.

1. Opening a log of 1 GB (11 million lines, made here, deleted after): time from exec to the first text and to its last
   line on the screen, memory with all of it read, time until a rare word has been searched for in all of it.
2. A log that grows by 5,000 lines a second: CPU of the process, and how old the newest line on the screen is.

Run: python bench/logs.py [--rounds N] [--megabytes N] [--seconds N] [--toolong PATH]
"""

import argparse
import contextlib
import fcntl
import math
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

LINE = b"2026-01-02 %02d:%02d:%02d epoch %3d step %8d loss 0.%06d lr 3e-4 samples/s 812.4\n"
GROWN = b"line %06d at step 17 loss 0.312 samples/s 812.4\n"
LAST = b"the very last line of this log\n"
RARE = "needle in the hay"
COLUMNS, ROWS = 200, 50
WAIT_S = 120.0


class Terminal:
    """A program in a pseudo-terminal; everything that it writes, with the escapes taken out of the way."""

    def __init__(self, argv: list[str]) -> None:
        self.begin = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS), LESS="")
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            with contextlib.suppress(OSError):
                os.execvp(argv[0], argv)
            os._exit(127)
        self._new = b""
        self.process = psutil.Process(self.pid)

    def until(self, wanted: str, limit: float = WAIT_S) -> float:
        """Seconds since it was started until this text was written."""
        pattern = re.compile(wanted.encode())
        while time.perf_counter() - self.begin < limit:
            self._read(0.05)
            if pattern.search(_plain(self._new)):
                self._new = b""
                return time.perf_counter() - self.begin
        raise TimeoutError(f"{wanted} was not seen")

    def numbers(self, seconds: float) -> Iterator[tuple[int, float]]:
        """Every `line N` that is written within so many seconds, the newest of each read, with its time."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self._new = self._new[-200:]
            if self._read(0.05) and (found := re.findall(rb"line (\d{6,}) at", _plain(self._new))):
                yield max(map(int, found)), time.perf_counter()

    def keys(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def again(self) -> None:
        """Count time from now."""
        self.begin, self._new = time.perf_counter(), b""

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)

    def _read(self, wait: float) -> bool:
        if not select.select([self._fd], [], [], wait)[0]:
            return False
        with contextlib.suppress(OSError):
            self._new += os.read(self._fd, 1 << 20)
        return True


Programs = dict[str, tuple[list[str], str, Callable[[Terminal], float]]]


def _plain(data: bytes) -> bytes:
    return re.sub(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[PX^_\]].*?(?:\x1b\\|\x07)|.)", b"", data, flags=re.DOTALL)


def generate(path: Path, megabytes: int) -> int:
    """Lines of a training; one rare line in the middle, one at the end."""
    lines = 0
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            ends = range(lines, lines + 20_000)
            file.write(b"".join(LINE % (n // 3600 % 24, n // 60 % 60, n % 60, n >> 16, n, n % 10**6) for n in ends))
            lines += 20_000
            if lines == megabytes * 1_000_000 // 170 // 20_000 * 20_000:
                file.write(f"{RARE}\n".encode())
        file.write(LAST)
    return lines + 2


def opening(argv: list[str], end_key: str, find: Callable[[Terminal], float]) -> dict[str, float]:
    """One program: seconds and megabytes. Without a key for the end, it opens there."""
    terminal = Terminal(argv)
    last = LAST.decode().strip()
    try:
        text = terminal.until("samples/s 812" if end_key else last)
        end = text
        if end_key:
            terminal.keys(end_key)
            end = terminal.until(last)
        search = find(terminal)
        return {"first text": text, "its end": end, "search": search, "MB": terminal.process.memory_info().rss / 1e6}
    finally:
        terminal.close()


def ours_find(terminal: Terminal) -> float:
    terminal.until("line [0-9,]+ of [0-9,]+")  # all of it is known
    terminal.again()
    terminal.keys("/")
    terminal.until("filter: only lines")
    terminal.keys(f"{RARE}\r")
    return terminal.until(rf"{RARE} \(1\)")


def less_find(terminal: Terminal) -> float:
    terminal.keys("g")
    terminal.until("samples/s 812")
    terminal.again()
    terminal.keys(f"/{RARE}\r")
    return terminal.until(rf"{RARE}[^/]*samples")


def no_find(terminal: Terminal) -> float:
    return float("nan")


def growing(argv: list[str], path: Path, key: str, seconds: float) -> tuple[float, list[float]]:
    """CPU share while it grows by 5,000 lines a second, and how old the newest line on the screen is, in ms."""
    path.write_bytes(b"begin\n" * 100)
    stop, written = threading.Event(), [0.0]
    times: list[float] = []

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            begin, number = time.perf_counter(), 0
            while not stop.is_set():
                due = int((time.perf_counter() - begin) * 5000)
                if due > number:
                    now = time.perf_counter()
                    file.write(b"".join(GROWN % n for n in range(number, due)))
                    times.extend([now] * (due - number))
                    number = due
                time.sleep(0.02)
            written[0] = number

    terminal = Terminal(argv)
    try:
        terminal.until("begin")
        terminal.keys(key)
        thread = threading.Thread(target=write)
        thread.start()
        for _ in terminal.numbers(1.5):
            pass
        before = terminal.process.cpu_times()
        begin = time.perf_counter()
        ages = [(seen - times[number]) * 1000 for number, seen in terminal.numbers(seconds) if number < len(times)]
        after = terminal.process.cpu_times()
        share = (after.user + after.system - before.user - before.system) / (time.perf_counter() - begin)
        stop.set()
        thread.join()
    finally:
        stop.set()
        terminal.close()
    return share, ages


def told(values: list[float], unit: str) -> str:
    good = [value for value in values if math.isfinite(value)]
    if not good:
        return "–"
    return f"{statistics.median(good):.3g} {unit} ({min(good):.3g} to {max(good):.3g})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--toolong", default=shutil.which("tl") or "", help="its program `tl`")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, terminal {COLUMNS}×{ROWS}")
    ours = [sys.executable, "-m", "console", "logs", "--file"]
    programs: Programs = {"ours": (ours, "", ours_find)}
    if arguments.toolong:
        programs["toolong"] = ([arguments.toolong], "\x1b[F", no_find)
    if shutil.which("less"):
        programs["less"] = (["less"], "G", less_find)
    missing = {"toolong", "less"} - programs.keys()
    if missing:
        print(f"not installed, left out: {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory() as folder:
        open_a_large_one(Path(folder) / "big.log", programs, arguments)
        follow_a_fast_one(Path(folder) / "live.log", programs, arguments)


def open_a_large_one(path: Path, programs: Programs, arguments: argparse.Namespace) -> None:
    lines = generate(path, arguments.megabytes)
    print(f"{path.stat().st_size / 1e6:,.0f} MB, {lines:,} lines; from exec, in turn, {arguments.rounds} rounds")
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(arguments.rounds):
        for name, (argv, key, find) in programs.items():
            for what, value in opening([*argv, str(path)], key, find).items():
                found.setdefault(name, {}).setdefault(what, []).append(value)
    for name, each in found.items():
        parts = [f"{what} {told(values, '' if what == 'MB' else 's')}" for what, values in each.items()]
        print(f"  {name:8}", "   ".join(parts))
    for name in found.keys() - {"ours"}:
        for what in ("first text", "its end", "MB"):
            ratios = [a / b for a, b in zip(found["ours"][what], found[name][what], strict=True)]
            print(f"  ours / {name}, {what}: {told(ratios, '')}")
    path.unlink()


def follow_a_fast_one(path: Path, programs: Programs, arguments: argparse.Namespace) -> None:
    shares: dict[str, list[float]] = {}
    print("5,000 lines/s")
    for _ in range(arguments.rounds):
        for name, key in (("ours", ""), ("toolong", "\x1b[F"), ("less", "F")):
            if name in programs:
                share, ages = growing([*programs[name][0], str(path)], path, key, arguments.seconds)
                shares.setdefault(name, []).append(share * 100)
                print(f"  {name:8} {share:.1%} of a core, newest line {told(ages, 'ms old')}")
    for name in shares.keys() - {"ours"}:
        ratios = [a / b for a, b in zip(shares["ours"], shares[name], strict=True)]
        print(f"  CPU, ours / {name}: {told(ratios, '')}")


if __name__ == "__main__":
    main()
