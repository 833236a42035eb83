"""The winner's marker: one file in the race's folder, created exactly once, seen by every rival at its next step."""

import time
from dataclasses import dataclass
from pathlib import Path

from trainer.record import atomic, files
from trainer.record.jsonl import decode_document, encode


@dataclass(frozen=True, slots=True)
class Winner:
    """Who won the race, and when."""

    run: str
    worker: str = ""
    time: float = 0.0


def claim(folder: Path, run: str, worker: str) -> bool:
    """Try to win. True when this run is the winner, also when it had won before (a resumed run asks again)."""
    folder.mkdir(parents=True, exist_ok=True)
    row = {"schema": files.SCHEMA, "run": run, "worker": worker, "time": time.time()}
    if atomic.create_once(folder / files.WINNER, encode(row)):
        return True
    found = winner(folder)
    return found is not None and found.run == run


def winner(folder: Path) -> Winner | None:
    """The winner so far. One stat when there is none: cheap enough for every step."""
    path = folder / files.WINNER
    if not path.exists():
        return None
    data = decode_document(path.read_bytes())
    if data is None or not isinstance(data.get("run"), str):
        return None
    when = data.get("time")
    return Winner(data["run"], str(data.get("worker", "")), float(when) if isinstance(when, int | float) else 0.0)
