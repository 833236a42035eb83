"""The index made anew from the run directories that are mirrored on this laptop, also of hosts that have gone since."""

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

from console.fleet.fold import recall, with_marks
from console.fleet.model import Fleet
from console.history.entry import Entry, entry_of, from_row, to_row
from console.mirror import GONE, PRUNED, Dated, Mirror
from trainer.record import atomic
from trainer.record.race import Winner


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the mirror tells."""

    entries: tuple[Entry, ...]
    winners: dict[str, Winner]


def from_mirror(state: Path) -> Rebuilt:
    """Of all hosts, one run after the other: a mirror of years need not fit into memory."""
    entries: list[Entry] = []
    marks: dict[tuple[str, str], Winner] = {}
    for host in sorted(item.name for item in (state / "mirror").glob("*") if item.is_dir()):
        mirror = Mirror(state, host, write=False)
        for _folder, told in itertools.groupby(mirror.load(), lambda dated: dated.event.folder):
            fleet = _of_folder(host, list(told))
            marks |= fleet.marks
            entries += [entry_of(fleet, run, run.heard_at) for run in fleet.runs.values()]
        entries += filter(None, map(_pruned, sorted(mirror.path.glob(f"runs/*/{PRUNED}"))))
    return Rebuilt(tuple(entries), dict(with_marks(Fleet(), marks).winners))


def keep(folder: Path, entry: Entry) -> None:
    """Before its streams go: what is known of a run without them."""
    atomic.replace(folder / PRUNED, json.dumps(to_row(entry)).encode(), durable=True)


def _pruned(path: Path) -> Entry | None:
    """Unless the run is back on its host: then its own files tell."""
    if not (path.parent / GONE).exists():
        return None
    try:
        return from_row(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_folder(host: str, told: list[Dated]) -> Fleet:
    return recall(Fleet(), host, [(dated.event, dated.time, dated.before) for dated in told])
