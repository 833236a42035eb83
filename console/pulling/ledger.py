"""pulled.json in a pulled run: what is there, from where, since when, with which hashes. And where the pulls lie."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.fleet.model import Pulled, RunKey
from console.pulling.choice import LEDGER, Choice
from remote.transfer.listing import Left
from remote.transfer.plan import Here, Kept
from trainer.record import atomic
from trainer.record.jsonl import decode_document

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Ledger:
    """What one folder here holds of a run."""

    run: str = ""
    worker: str = ""
    host: str = ""
    folder: str = ""  # on the host
    state: str = ""  # of the run when it was pulled
    time: float = 0.0
    complete: bool = False  # the run had ended, and nothing that it came to was left on the host
    choice: Choice = Choice()
    files: Mapping[str, Kept] = field(default_factory=dict)
    left: tuple[Left, ...] = ()
    passing: frozenset[str] = frozenset()  # of the files: those that a pull with newer ones may remove again

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        return {
            "schema": SCHEMA,
            "run": self.run,
            "worker": self.worker,
            "host": self.host,
            "folder": self.folder,
            "state": self.state,
            "time": self.time,
            "complete": self.complete,
            "checkpoints": self.choice.checkpoints,
            "include": list(self.choice.include),
            "exclude": list(self.choice.exclude),
            "bytes": sum(kept.size for kept in self.files.values()),
            "files": {
                path: {"bytes": kept.size, "sha256": kept.sha256, "mtime_ns": kept.mtime_ns}
                for path, kept in sorted(self.files.items())
            },
            "left": [{"path": item.path, "why": item.why} for item in self.left],
            "passing": sorted(self.passing),
        }


def read(folder: Path, host: str) -> dict[str, Kept]:
    """What is known to be whole there; nothing when that is not known, or of another host's run."""
    rows = _document(folder, host).get("files")
    found = {}
    for path, row in rows.items() if isinstance(rows, Mapping) else ():
        values = [row.get(key) for key in ("bytes", "mtime_ns", "sha256")] if isinstance(row, Mapping) else []
        match values:
            case [int(size), int(mtime), str(sha)]:
                found[path] = Kept(size, mtime, sha)
    return found


def read_passing(folder: Path, host: str) -> frozenset[str]:
    """Those of them that came only until there would be newer ones."""
    rows = _document(folder, host).get("passing")
    return frozenset(str(row) for row in rows) if isinstance(rows, list) else frozenset()


def _document(folder: Path, host: str) -> Mapping[str, Any]:
    try:
        data = decode_document((folder / LEDGER).read_bytes())
    except OSError:
        return {}
    return data if data is not None and data.get("host") == host else {}


def still_here(folder: Path, kept: Mapping[str, Kept]) -> dict[str, Kept]:
    """Those that nobody has touched since."""
    found = {}
    for path, item in kept.items():
        try:
            about = os.lstat(folder / path)
        except OSError:
            continue
        if Here(about.st_size, about.st_mtime_ns) == (item.size, item.mtime_ns):
            found[path] = item
    return found


def write(folder: Path, ledger: Ledger) -> None:
    """Replaced in one step, and on the disk when this returns."""
    text = json.dumps(ledger.to_json(), indent=1, ensure_ascii=False)
    atomic.replace(folder / LEDGER, text.encode() + b"\n", durable=True)


def note_of(key: RunKey) -> str:
    """The name of the small file that says where it was pulled to."""
    return f"{key.host}--{key.run}.json"


class Pulls:
    """Where this laptop's pulls lie, one small file each below the state folder: other consoles see them, too."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "pulls"
        self._seen = -1

    def note(self, key: RunKey, pulled: Pulled) -> None:
        """A run was pulled."""
        self._folder.mkdir(parents=True, exist_ok=True)
        row = {"host": key.host, "run": key.run, "to": pulled.to, "time": pulled.time, "complete": pulled.complete}
        atomic.replace(self._folder / note_of(key), json.dumps(row).encode())

    def changed(self) -> bool:
        """Something was noted since the last `load`."""
        return self._mtime() != self._seen

    def load(self) -> dict[RunKey, Pulled]:
        """All that are still where they were put."""
        self._seen = self._mtime()
        found = {}
        for path in sorted(self._folder.glob("*.json")):
            try:
                row = decode_document(path.read_bytes()) or {}
            except OSError:
                continue
            match [row.get(key) for key in ("host", "run", "to", "time", "complete")]:
                case [str(host), str(run), str(to), (int() | float()) as time, bool(complete)] if (
                    Path(to) / LEDGER
                ).is_file():
                    found[RunKey(host, run)] = Pulled(to, float(time), complete)
        return found

    def _mtime(self) -> int:
        try:
            return self._folder.stat().st_mtime_ns
        except OSError:
            return 0
