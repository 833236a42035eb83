"""The processes that documents name: are they alive, and how much do they use?"""

from __future__ import annotations

import json
import os
import re
import stat
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from remote.probe import procfs

LIVES = 0.25  # between looks at whether it lives
USES = 2.0  # between looks at what it and its children use
MOST = 64  # processes below one that are looked at
KEEPS = 10.0  # between looks at whether one of them keeps its output back: it changes when a shell becomes its program

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*t?\Z")
Send = Callable[[Dict[str, Any]], None]


class Named(NamedTuple):
    """What a document says of a process. A pid may be given again: the start time and the boot make it one process."""

    pid: int
    start: Optional[int]
    boot_id: str


def named(text: Optional[str]) -> Optional[Named]:
    """The process that a JSON document names, if it does."""
    try:
        row = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    pid, start, boot = row.get("pid"), row.get("pid_start"), row.get("boot_id")
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 2**31:
        return None
    if not isinstance(start, int) or isinstance(start, bool):
        start = None
    return Named(pid, start, boot if isinstance(boot, str) else "")


def is_alive(process: Named, boot_id: str) -> bool:
    if process.boot_id and boot_id and process.boot_id != boot_id:
        return False
    if not os.path.isdir("/proc/self"):
        return _answers(process.pid)
    stat = procfs.stat(process.pid)
    if stat is None or stat.state in "ZX":
        return False
    return process.start is None or process.start == stat.start


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def usage(pid: int) -> Tuple[Optional[int], Optional[float]]:
    """Resident bytes and seconds of processor time of a process and everything below it."""
    memory, ticks, seen, waiting = 0, 0, set(), [pid]
    while waiting:
        current = waiting.pop()
        stat = None if current in seen else procfs.stat(current)
        seen.add(current)
        if stat is not None:
            memory += stat.resident
            ticks += stat.ticks
            waiting += procfs.children(current)
    return (memory, ticks / procfs.TICKS) if ticks or memory else (None, None)


def below(pid: int) -> List[int]:
    """A process and what is below it, the nearest first, up to `MOST`."""
    found: List[int] = []
    waiting = [pid]
    while waiting and len(found) < MOST:
        current = waiting.pop(0)
        if current not in found:
            found.append(current)
            waiting += procfs.children(current)
    return found


def keeps_back(pid: int) -> str:
    """The command of the first Python at or below it that collects its output in a buffer: where that goes into a file
    or a pipe and neither -u nor PYTHONUNBUFFERED is given."""
    for each in below(pid):
        argv = (procfs.read("/proc/%d/cmdline" % each) or "").rstrip("\0").split("\0")
        if buffers(argv, procfs.read("/proc/%d/environ" % each)) and _into_a_file(each):
            return " ".join(argv)[:120]
    return ""


def buffers(argv: List[str], environ: Optional[str]) -> bool:
    """Whether this program is a Python that buffers. What cannot be read (None) is nobody's to say."""
    if environ is None or not _PYTHON.match(os.path.basename(argv[0])):
        return False
    words = iter(argv[1:])
    for word in words:
        if not word.startswith("-") or word == "-" or word.startswith("--"):
            break
        option = next((letter for letter in word[1:] if letter in "ucmWX"), "")
        if option == "u":
            return False
        if option in ("c", "m"):  # what follows belongs to the program
            break
        if option and word.endswith(option):
            next(words, None)
    return not any(one.startswith("PYTHONUNBUFFERED=") and one[17:] for one in environ.split("\0"))


def _into_a_file(pid: int) -> bool:
    try:
        mode = os.stat("/proc/%d/fd/1" % pid).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode)


class Processes:
    """Says of each named process that it lives and what it uses, and once that it is gone."""

    def __init__(self, boot_id: str, send: Send) -> None:
        self._boot_id, self._send = boot_id, send
        self._named: Dict[Tuple[str, str], Named] = {}
        self._alive: Dict[Tuple[str, str], bool] = {}
        self._kept_back: Dict[Tuple[str, str], str] = {}
        self._lives_at = self._uses_at = self._keeps_at = 0.0

    def heard(self, folder: str, document: str, text: Optional[str]) -> None:
        """A document was sent."""
        key = (folder, document)
        process = named(text) if document.endswith(".json") else None
        if process is None or process != self._named.get(key):
            self._forget(key)
        if process is not None and key not in self._named:
            self._named[key] = process
            self._alive[key] = is_alive(process, self._boot_id)
            self._say(key)

    def left(self, folder: str) -> None:
        """A folder is gone."""
        for key in [key for key in self._named if key[0] == folder]:
            self._forget(key)

    def folders(self) -> Set[str]:
        """Folders in which one lives."""
        return {key[0] for key, alive in self._alive.items() if alive}

    def look(self, now: float) -> bool:
        """Say what has changed; False when it was too early to look."""
        if now < self._lives_at:
            return False
        self._lives_at = now + LIVES
        uses = now >= self._uses_at
        if uses:
            self._uses_at = now + USES
        if now >= self._keeps_at:
            self._keeps_at = now + KEEPS
            self._kept_back = {key: keeps_back(self._named[key].pid) for key, alive in self._alive.items() if alive}
        for key in [key for key, alive in self._alive.items() if alive]:
            self._alive[key] = is_alive(self._named[key], self._boot_id)
            if uses or not self._alive[key]:
                self._say(key)
        return True

    def _forget(self, key: Tuple[str, str]) -> None:
        self._named.pop(key, None)
        self._alive.pop(key, None)

    def _say(self, key: Tuple[str, str]) -> None:
        process, alive = self._named[key], self._alive[key]
        memory, cpu = usage(process.pid) if alive else (None, None)
        row = {"k": "process", "folder": key[0], "document": key[1], "pid": process.pid, "alive": alive}
        kept = self._kept_back.get(key, "") if alive else ""
        self._send(dict(row, memory=memory, cpu_s=cpu, **({"buffered": kept} if kept else {})))
