"""/proc, parsed. The functions that take text are pure; the others answer None where there is nothing to read."""

from __future__ import annotations

import os
import pwd
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Stat(NamedTuple):
    """What we need of /proc/PID/stat."""

    state: str
    parent: int
    ticks: int  # used by it and by those of its children that it has waited for
    start: int  # ticks since boot
    resident: int  # bytes


def read(path: str) -> Optional[str]:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return None


def parse_stat(text: str) -> Optional[Stat]:
    """The name may hold spaces and brackets: the fields begin after its last closing bracket."""
    fields = text.rpartition(")")[2].split()
    try:
        numbers = [int(field) for field in fields[1:22]]
        return Stat(fields[0], numbers[0], sum(numbers[10:14]), numbers[18], numbers[20] * PAGE)
    except (IndexError, ValueError):
        return None


def stat(pid: int) -> Optional[Stat]:
    text = read("/proc/%d/stat" % pid)
    return None if text is None else parse_stat(text)


def children(pid: int) -> List[int]:
    """Direct children, whichever thread started them; none where the kernel does not list them."""
    found: List[int] = []
    folder = "/proc/%d/task" % pid
    try:
        threads = os.listdir(folder)
    except OSError:
        return found
    for thread in threads:
        text = read("%s/%s/children" % (folder, thread))
        found += [int(word) for word in (text or "").split() if word.isdigit()]
    return found


def parse_cpu(text: str) -> Optional[Tuple[int, int]]:
    """Busy and all ticks of all cores since boot, from /proc/stat."""
    words = text.split("\n", 1)[0].split()
    if len(words) < 5 or words[0] != "cpu" or not all(word.isdigit() for word in words[1:9]):
        return None
    ticks = [int(word) for word in words[1:9]]  # guest time is in user time already
    idle = sum(ticks[3:5])
    return sum(ticks) - idle, sum(ticks)


def parse_boot_time(text: str) -> float:
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "btime" and words[1].isdigit():
            return float(words[1])
    return 0.0


def parse_memory(text: str) -> Tuple[Optional[int], Optional[int]]:
    """Used and total bytes, from /proc/meminfo. Used is what is not available: caches can be had back."""
    sizes: Dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            sizes[name] = int(words[0]) * 1024
    total = sizes.get("MemTotal")
    free = sizes.get("MemAvailable", sizes.get("MemFree"))
    return (None if total is None or free is None else max(0, total - free)), total


def describe(row: Dict[str, Any]) -> Dict[str, Any]:
    """The row of a process with its owner and what it runs, where that can be read."""
    folder = "/proc/%d" % row["pid"]
    command = (read(folder + "/cmdline") or "").replace("\0", " ").strip()[:200]
    try:
        user = pwd.getpwuid(os.stat(folder).st_uid).pw_name
    except (OSError, KeyError):
        user = ""
    return dict(row, user=user, command=command or row.get("command", ""))
