"""A worker that the kernel ends for want of memory: the exit record counts it, and counts no other SIGKILL.

The first needs a memory cgroup with a limit, which root can make; where none can be made, only the second is shown.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from remote.launcher import Launch
from remote.local import LocalTransport
from remote.tmux import TmuxLauncher

LIMIT = 150_000_000
HOG = "x = bytearray(400_000_000); print(len(x))"


def make_cgroup():
    """A cgroup with a memory limit, of version 1 or 2; None where this user cannot make one."""
    name = f"trajconsole-{uuid.uuid4().hex[:8]}"
    for parent, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = Path(parent, name)
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / file).write_text(str(LIMIT))
        except OSError:
            folder.rmdir()
            continue
        return folder
    return None


class InCgroup(LocalTransport):
    """Commands, and so the tmux server that they start, live in a cgroup."""

    def __init__(self, folder):
        super().__init__()
        self._folder = folder

    def run(self, argv, *, input=b"", timeout=30.0):
        enter = f'echo $$ >"{self._folder}/cgroup.procs" && exec "$@"'
        return super().run(["sh", "-c", enter, "sh", *argv], input=input, timeout=timeout)


def run(transport, root, code):
    """The exit record of a Python program."""
    socket = f"t{uuid.uuid4().hex[:8]}"
    try:
        TmuxLauncher(transport, socket).start(Launch(str(root), "a-1", "a", (sys.executable, "-c", code)))
        record = root / "runs/a-1/exit.json"
        end = time.monotonic() + 60
        while not record.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        return json.loads(record.read_text())
    finally:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False, capture_output=True)
        Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}", socket).unlink(missing_ok=True)


def remove(folder):
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.05)


def test_a_kill_for_want_of_memory_is_counted_and_no_other(tmp_path):
    ended = run(LocalTransport(), tmp_path / "killed", "import os; os.kill(os.getpid(), 9)")
    assert (ended["code"], ended["signal"], ended["oom_kills"]) == (137, 9, 0)
    folder = make_cgroup()
    if folder is not None:
        try:
            ended = run(InCgroup(folder), tmp_path / "hog", HOG)
            assert (ended["code"], ended["signal"]) == (137, 9) and ended["oom_kills"] >= 1
        finally:
            remove(folder)
