"""What has not been delivered yet: one small file each, so that a watch that is killed loses nothing; tried again with
growing pauses, each way by a thread of its own, so that a slow one holds up neither the others nor the watch.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from console.alerts.book import Alert
from console.alerts.notices import LEVELS, Notice
from console.alerts.quiet import is_quiet
from console.alerts.ways import Undelivered, way_of
from console.config import AlertConfig
from trainer.record import atomic
from trainer.record.jsonl import decode_document

PAUSES = (1.0, 4.0, 15.0, 60.0, 300.0)  # then every five minutes
GIVE_UP_S = 86400.0


class Outbox:
    """One way's letters. `tell` hears of what could not be delivered."""

    def __init__(self, name: str, config: AlertConfig, folder: Path, tell: Callable[[str], None]) -> None:
        self.name, self._config, self._folder, self._tell = name, config, folder / name, tell
        self._way = way_of(config)
        self._wake, self._closed = threading.Event(), threading.Event()
        self._number = 0
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name=f"alerts {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, wait: float = 5.0) -> None:
        """Letters that are left are delivered next time."""
        self._closed.set()
        self._wake.set()
        self._thread.join(wait)

    def wants(self, alert: Alert) -> bool:
        """Its level is high enough for this way."""
        return LEVELS.index(alert.notice.level) >= LEVELS.index(self._config.level)

    def put(self, alert: Alert) -> None:
        """On the disk; `deliver` when it has been written down that it was told. One that waits already, from a watch
        that was killed before it could write that down, is not put twice."""
        waiting = [_alert(path) for path in sorted(self._folder.glob("*.json"))]
        of_it = [item for item in waiting if item is not None and item.notice.key == alert.notice.key]
        if of_it and of_it[-1].over == alert.over:
            return
        self._number += 1
        path = self._folder / f"{alert.time:017.3f}-{self._number:06}.json"
        atomic.replace(path, json.dumps(_letter(alert)).encode(), durable=True)

    def deliver(self) -> None:
        """What was put, from now on."""
        self._wake.set()

    @property
    def left(self) -> int:
        """How many wait."""
        return len(list(self._folder.glob("*.json")))

    def _run(self) -> None:
        tries = 0
        while not self._closed.is_set():
            self._wake.clear()
            found = self._next()
            if found is None:
                self._wake.wait(30.0)
                continue
            path, alert = found
            problem = self._try(alert)
            if problem is None or problem.final or time.time() - alert.time > GIVE_UP_S:
                path.unlink(missing_ok=True)
                tries = 0
                if problem is not None:
                    self._tell(f"alerts.{self.name}: given up: {problem}")
                continue
            if tries == 0:
                self._tell(f"alerts.{self.name}: {problem}; trying again")
            self._closed.wait(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    def _next(self) -> tuple[Path, Alert] | None:
        """The oldest that may be delivered now. One that cannot be read is thrown away."""
        for path in sorted(self._folder.glob("*.json")):
            alert = _alert(path)
            if alert is None:
                path.unlink(missing_ok=True)
            elif not self._held_back(alert):
                return path, alert
        return None

    def _held_back(self, alert: Alert) -> bool:
        return alert.notice.level != "error" and is_quiet(self._config.quiet, time.time())

    def _try(self, alert: Alert) -> Undelivered | None:
        try:
            self._way(alert)
        except Undelivered as problem:
            return problem
        return None


def _letter(alert: Alert) -> dict[str, Any]:
    return {"time": alert.time, "since": alert.since, "over": alert.over, **alert.notice.to_json()}


def _alert(path: Path) -> Alert | None:
    try:
        row: Mapping[str, Any] = decode_document(path.read_bytes()) or {}
    except OSError:
        return None
    match [row.get(key) for key in ("time", "since", "key", "who", "what", "proof", "mend", "level")]:
        case [(int() | float()) as when, (int() | float()) as since, str(key), str(who), str(what), str(proof), *rest]:
            mend, level = rest
            if isinstance(mend, str) and level in LEVELS:
                notice = Notice(key, who, what, proof, mend, str(level))
                return Alert(notice, float(when), float(since), row.get("over") is True)
    return None
