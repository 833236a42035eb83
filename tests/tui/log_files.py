"""Logs on a disk for the tests of the log screen, and the screen on them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from screen_text import settled
from textual.pilot import Pilot

from console.log_app import LogApp
from console.logs.of_run import one_source
from console.logs.reading import DiskFile
from console.screens.log_opening import open_source
from console.screens.logs import LogsScreen

BEGAN = 1767355200.0  # 2026-01-02 12:00:00 UTC

TRACEBACK = """Traceback (most recent call last):
  File "train.py", line 12, in <module>
    main()
RuntimeError: CUDA error: out of memory
"""

HOSTILE = (
    b"12:00:01 \x1b[32mgreen\x1b[0m and \x1b[1;31mbold red\x1b[0m, \x1b[97;44mwhite on blue\x1b[0m\n"
    b"12:00:02 title \x1b]0;owned\x07 clipboard \x1b]52;c;b3duZWQ=\x07 cursor \x1b[2J\x1b[H\x1b[5;5H\n"
    b"12:00:03 bell \x07 null \x00 c1 \x9b31m \xc2\x9b31m invalid \xff\xfe utf-8\n"
    b"12:00:04 rtl \xe2\x80\xaegnp.exe zero\xe2\x80\x8bwidth\n"
    + "12:00:05 wide 日本語 🎉 naïve\n".encode()
    + b"12:00:06 [red]no markup[/red] [bold]\n"
    b" 10%|#   | 1/10\r 50%|##  | 5/10\r100%|####| 10/10\n" + b"12:00:07 " + b"x" * 10_000_000 + b"\n12:00:08 last\n"
)


def steps(count: int, name: str = "epoch 1", start: int = 0, every: int = 1) -> str:
    """Lines, a second apart."""
    lines = []
    for n in range(count):
        at = start + n * every
        lines.append(f"{12 + at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d} {name} step {n} loss 0.{n % 1000:03d}\n")
    return "".join(lines)


@asynccontextmanager
async def opened_files(*paths: Path, size: tuple[int, int] = (80, 24), ascii: bool = False) -> AsyncIterator[Pilot]:
    """The log screen on files, all of them read."""
    source = one_source([DiskFile(path) for path in paths], [path.name for path in paths], [None] * len(paths))
    app = LogApp(open_source(source, paths), ascii=ascii)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        yield pilot


async def read(pilot: Pilot) -> None:
    """Everything is known and on the screen."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        await settled(pilot)
        screen = pilot.app.screen
        if not isinstance(screen, LogsScreen):
            return
        if not screen._runner.busy and screen.reader.next_errand() is None:
            screen.refresh_view()
            await settled(pilot)
            return
        await pilot.pause(0.01)
    raise AssertionError("the log is not read")
