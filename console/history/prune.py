"""What is to go, removed from this laptop: never from a host, and never what was pulled.

Killed at any moment, the next one finishes: a folder leaves the mirror in one step, and the index forgets it last.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from console.fleet.model import Pulled, RunKey
from console.history.base import History
from console.history.entry import Entry
from console.history.rebuild import keep
from console.history.retention import FORGET, Held, Verdict
from console.mirror import GONE, inode_file
from console.pulling import ledger
from trainer.record import files

_LEAVING = ".pruned-"


def held(state: Path, entry: Entry, configured: bool, pulled: Mapping[RunKey, Pulled]) -> Held:
    """What this laptop has of a run."""
    folder = _folder(state, entry)
    sizes = {item.name: item.stat().st_size for item in folder.iterdir()} if folder.is_dir() else {}
    copy = pulled.get(RunKey(entry.host, entry.run))
    whole = copy is not None and copy.complete and _untouched(Path(copy.to), entry.host)
    streams = sum(sizes.get(name, 0) for name in files.STREAMS)
    return Held(configured, folder.is_dir(), GONE in sizes, whole, streams, sum(sizes.values()))


def prune(state: Path, history: History, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Each one that went."""
    for left in (state / "mirror").glob(f"*/{_LEAVING}*"):
        shutil.rmtree(left)
    for item in verdicts:
        if item.why:
            continue
        folder = _folder(state, item.entry)
        if item.deed == FORGET:
            _remove(folder)
            (state / "pulls" / ledger.note_of(RunKey(item.entry.host, item.entry.run))).unlink(missing_ok=True)
            history.forget(item.entry.host, item.entry.run)
        else:
            _thin(folder, item.entry)
        yield item


def _remove(folder: Path) -> None:
    if folder.is_dir():
        leaving = folder.parents[1] / f"{_LEAVING}{folder.name}"
        folder.rename(leaving)
        shutil.rmtree(leaving)


def _thin(folder: Path, entry: Entry) -> None:
    """The index must be able to come back without the streams; a console must not take it for a run of the host."""
    keep(folder, entry)
    (folder / GONE).touch()
    for name in files.STREAMS:
        (folder / name).unlink(missing_ok=True)
        inode_file(folder / name).unlink(missing_ok=True)


def _folder(state: Path, entry: Entry) -> Path:
    return state / "mirror" / entry.host / "runs" / entry.run


def _untouched(folder: Path, host: str) -> bool:
    kept = ledger.read(folder, host)
    return bool(kept) and ledger.still_here(folder, kept) == kept
