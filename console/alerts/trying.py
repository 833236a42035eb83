"""One alert through a way, to see that it arrives."""

import time
from typing import TYPE_CHECKING

from console.alerts.book import Alert
from console.alerts.notices import Notice
from console.alerts.ways import Undelivered, way_of

if TYPE_CHECKING:
    from console.config import AlertConfig

TITLE = "trajconsole"


def words(name: str) -> str:
    return f"a test of alerts.{name}"


def tried(name: str, config: "AlertConfig") -> str:
    """What went wrong, or nothing."""
    now = time.time()
    notice = Notice("test", TITLE, words(name), "nothing is wrong", level="note")
    try:
        way_of(config)(Alert(notice, now, now))
    except Undelivered as problem:
        return str(problem)
    return ""
