"""Runs that must have ended first: `after = …`. How a run ended is read from what launch.sh wrote of it."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, NamedTuple, Optional

from remote.slots.parts import lock

_GOOD = ("finished", "criteria met")


class Before(NamedTuple):
    """`session`: whose newest run it is, unless `run` names it. `any_end`: a failure will do, too."""

    session: str
    run: str = ""
    any_end: bool = False


class Verdict(NamedTuple):
    """`over`: nothing to wait for. `never`: what it waits for cannot come any more; `why` says so in words."""

    over: bool
    why: str = ""
    never: bool = False


def parse(text: str, *, any_end: bool) -> Before:
    """ "name" or "name=run"."""
    session, _, run = text.partition("=")
    return Before(session, run, any_end)


def verdict(root: str, before: Before) -> Verdict:
    """How it is with that run now."""
    run = before.run or _line(os.path.join(root, "sessions", before.session))
    if not run:
        return Verdict(False, "%s, which was not started yet" % before.session)
    folder = os.path.join(root, "runs", run)
    if not os.path.isdir(folder):
        return Verdict(False, "%s of %s is not there any more" % (run, before.session), never=not before.any_end)
    launch, end = _document(folder, "launch.json"), _document(folder, "exit.json")
    if _runs(folder):
        return Verdict(False, "%s to end" % before.session)
    if before.any_end:
        return Verdict(True)
    if end.get("attempt") != launch.get("attempt") or "code" not in end:
        return Verdict(False, "%s vanished without an exit record" % before.session, never=bool(launch))
    said = _document(folder, "status.json").get("state")
    if end["code"] == 0 and said in (None, *_GOOD):
        return Verdict(True)
    how = said if isinstance(said, str) and end["code"] == 0 else "exit code %s" % end["code"]
    return Verdict(False, "%s ended otherwise: %s" % (before.session, how), never=True)


def launched(folder: str) -> float:
    """When the run's newest attempt was launched."""
    found = _document(folder, "launch.json").get("time")
    return float(found) if isinstance(found, (int, float)) else 0.0


def _runs(folder: str) -> bool:
    """launch.sh and everything below it hold a lock as long as they live."""
    path = os.path.join(folder, "launch.lock")
    handle = lock(path, make=False)
    if handle is not None:
        os.close(handle)
        return False
    return os.path.exists(path)


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.readline().strip()
    except (OSError, ValueError):
        return ""


def _document(folder: str, name: str) -> Dict[str, Any]:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            found: Optional[Any] = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
