"""What a waiting run says of itself: status.json and events.jsonl, which nobody else writes yet."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Dict, Optional

_BEAT = 5.0


class Words:
    """Of one run. A status that an earlier attempt left is put back before the command begins."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._path = os.path.join(folder, "status.json")
        self._before = self._read()
        self.said, self._at = "", 0.0

    def waiting(self, why: str) -> None:
        """It waits for this; written when the words change, and now and then as a sign of life."""
        if why != self.said or time.monotonic() > self._at + _BEAT:
            self.said, self._at = why, time.monotonic()
            self._write({"state": "queued", "message": why, "reason": ""})

    def ended(self, state: str, why: str) -> None:
        """It will not begin."""
        self._write({"state": state, "message": why, "reason": why})

    def begin(self) -> None:
        """The command writes its own from here on."""
        if self._before:
            self._replace(self._before)
        elif os.path.exists(self._path):
            os.unlink(self._path)

    def event(self, what: str, **more: Any) -> None:
        """One line of the run's audit log."""
        line = json.dumps({"t": round(time.time(), 3), "event": what, **more})
        with open(os.path.join(self._folder, "events.jsonl"), "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _write(self, now: Dict[str, Any]) -> None:
        pid = os.getpid()
        me = {"schema": 1, "run": os.path.basename(self._folder), "heartbeat": time.time(), "pid": pid}
        start = _start_of(pid)
        self._replace({**self._before, **me, **now, **({"pid_start": start} if start is not None else {})})

    def _replace(self, data: Dict[str, Any]) -> None:
        part = self._path + ".part"
        with open(part, "w", encoding="utf-8") as file:
            json.dump(data, file)
        os.replace(part, self._path)

    def _read(self) -> Dict[str, Any]:
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError):
            return {}
        old = found if isinstance(found, dict) else {}
        return {} if old.get("state") == "queued" else old


class Unheard(Words):
    """Of nobody: what would be written is only kept."""

    def __init__(self) -> None:
        super().__init__("")

    def begin(self) -> None:
        """Nothing to put back."""

    def event(self, what: str, **more: Any) -> None:
        """Nobody's."""

    def _write(self, now: Dict[str, Any]) -> None:
        pass


def _start_of(pid: int) -> Optional[int]:
    """The 22nd field of /proc/PID/stat; the name before it may hold spaces."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
