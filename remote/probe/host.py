"""Who the host is, and its processor, memory and load. From /proc, else from psutil, else unknown."""

from __future__ import annotations

import os
import pwd
import socket
import sys
import time
from types import ModuleType
from typing import Any, Dict, Optional, Tuple

from remote.probe import procfs

VERSION = 1


def boot_id() -> str:
    return (procfs.read("/proc/sys/kernel/random/boot_id") or "").strip()


def hello(root: str) -> Dict[str, Any]:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return {
        "k": "hello",
        "version": VERSION,
        "hostname": socket.gethostname(),
        "boot_id": boot_id(),
        "boot_time": procfs.parse_boot_time(procfs.read("/proc/stat") or ""),
        "clock": time.time(),
        "python": "%d.%d.%d" % sys.version_info[:3],
        "cores": os.cpu_count() or 1,
        "user": user,
        "root": root,
    }


def psutil() -> Optional[ModuleType]:
    """psutil, where it is installed."""
    try:
        import psutil as module
    except ImportError:
        return None
    return module


class Figures:
    """The share of busy processor time needs two looks: the first answers None."""

    def __init__(self) -> None:
        self._before: Optional[Tuple[int, int]] = None
        self._psutil = None if os.path.exists("/proc/stat") else psutil()

    def read(self) -> Dict[str, Any]:
        used, total = self._memory()
        return {"cpu": self._cpu(), "load": self._load(), "memory_used": used, "memory_total": total}

    def _cpu(self) -> Optional[float]:
        if self._psutil is not None:
            return float(self._psutil.cpu_percent(None)) / 100.0
        before, self._before = self._before, procfs.parse_cpu(procfs.read("/proc/stat") or "")
        if before is None or self._before is None or self._before[1] <= before[1]:
            return None
        return min(1.0, max(0.0, (self._before[0] - before[0]) / (self._before[1] - before[1])))

    def _memory(self) -> Tuple[Optional[int], Optional[int]]:
        if self._psutil is not None:
            memory = self._psutil.virtual_memory()
            return int(memory.total - memory.available), int(memory.total)
        return procfs.parse_memory(procfs.read("/proc/meminfo") or "")

    @staticmethod
    def _load() -> Optional[float]:
        try:
            return os.getloadavg()[0]
        except OSError:
            return None
