"""Integration tests start real processes that outlive what started them: each test takes its own away again."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def processes_of(folder: Path) -> list[int]:
    """Processes whose command line or environment names a path in `folder`, this test process excepted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
                if f"{folder}/".encode() in words:
                    found.append(int(entry.name))
    return found


@pytest.fixture(autouse=True)
def leaves_nothing_behind(tmp_path: Path) -> Iterator[None]:
    """After the test, whatever still runs in its folder is ended, by pid."""
    yield
    end = time.monotonic() + 10
    while (left := processes_of(tmp_path)) and time.monotonic() < end:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    assert not left
