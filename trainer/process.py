"""What a process can say of itself: start time (so that a reused pid is not mistaken for it), memory."""

import os
from pathlib import Path


def start_ticks(pid: int | None = None) -> int | None:
    """Clock ticks since boot at which the process started (field 22 of /proc/PID/stat); None without a /proc."""
    try:
        text = Path(f"/proc/{pid or os.getpid()}/stat").read_text("utf-8", "replace")
        return int(text.rpartition(")")[2].split()[19])  # the command's name may hold spaces and parentheses
    except (OSError, ValueError, IndexError):
        return None


def memory() -> tuple[int | None, int | None]:
    """Resident bytes of this process, and bytes of the machine."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        page = os.sysconf("SC_PAGE_SIZE")
        return pages * page, os.sysconf("SC_PHYS_PAGES") * page
    except (OSError, ValueError, IndexError):
        return None, None


def memory_peak() -> int | None:
    """The most resident bytes that this process has had; None without a /proc."""
    try:
        text = Path("/proc/self/status").read_text("utf-8", "replace")
        return int(text.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
