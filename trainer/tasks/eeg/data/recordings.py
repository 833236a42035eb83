"""Which recordings there are, and what happened in them: folders and events as BIDS lays them out."""

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

from trainer.tasks.eeg.data.refusing import fault
from trainer.tasks.eeg.settings import Data


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of one subject, with its table of events."""

    subject: str
    release: str
    path: Path
    events: Path


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened at `onset` seconds; `target` is what is to be told from the window after it."""

    onset: float
    target: str


def find(data: Data, folder: Path) -> list[Recording]:
    """All recordings, in an order that is the same on any machine. ConfigError names the folder that holds none."""
    found: list[Recording] = []
    for release in data.releases or ("",):
        base = folder / release
        if not base.is_dir():
            key = "releases" if release and folder.is_dir() else "folder"
            raise fault(key, f"{base}: there is no such folder", "data.folder and data.releases say where to look")
        paths = sorted(path for path in base.glob("sub-*/**/*_eeg.*") if path.suffix.lower() in (".bdf", ".edf"))
        found += [_recording(path, base, release) for path in paths if _of_task(path, data.task)]
    if not found:
        kind = f" of task-{data.task}" if data.task else ""
        raise fault("folder", f"{folder}: no recordings{kind}", "sub-NAME/…/*_eeg.bdf or .edf is looked for")
    return found


def read_events(path: Path, data: Data) -> list[Event]:
    """The events that count. ValueError names file, line and column."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.DictReader(file, delimiter="\t"))
    except FileNotFoundError:
        raise ValueError(f"{path}: the recording has no table of events") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: is no table of events: {error}") from None
    there = list(table[0]) if table else []
    for column in ("onset", data.target):
        if table and column not in there:
            raise ValueError(f"{path}:1: has no column {column!r}, but {', '.join(map(str, there))}")
    found = []
    for number, row in enumerate(table, start=2):
        if data.event and data.event not in (row.get("trial_type"), row.get("value")):
            continue
        target = (row[data.target] or "").strip()
        if target in ("", "n/a"):
            continue
        if data.goal == "number":
            _finite(path, number, data.target, target)
        found.append(Event(_finite(path, number, "onset", row["onset"]), target))
    return found


def _finite(path: Path, line: int, column: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}:{line}: {column} is {text!r}, not a number")
    return value


def _recording(path: Path, base: Path, release: str) -> Recording:
    subject = path.relative_to(base).parts[0].removeprefix("sub-")
    stem = re.sub(r"_eeg$", "", path.stem)
    return Recording(subject, release, path, path.with_name(f"{stem}_events.tsv"))


def _of_task(path: Path, task: str) -> bool:
    return not task or f"_task-{task}_" in path.name
