"""Which files of a run are wanted: its record, and of its checkpoints the best, the last, all or none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from remote.transfer.names import matches
from trainer.record import files

Checkpoints = Literal["both", "best", "last", "all", "none"]
CHECKPOINTS: tuple[str, ...] = get_args(Checkpoints)
INDEX = f"{files.CHECKPOINTS}/index.json"
LEDGER = "pulled.json"
_HOSTS_OWN = frozenset({files.LOCK, files.STOP, "launch.lock", LEDGER})  # mean something on the host only


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for."""

    checkpoints: Checkpoints = "both"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Nothing that a run came to is left out: its record, and at least its best and last checkpoint."""
        return self.checkpoints in ("both", "all") and not self.include and not self.exclude

    def record(self, path: str) -> bool:
        """What is no checkpoint; the list of them is, when it has to be known which to take."""
        if path == INDEX:
            return self.checkpoints != "none"
        return not is_checkpoint(path) and self._let_through(path)

    def checkpoint(self, path: str, named: frozenset[str] | None) -> bool:
        """A checkpoint that is wanted; `named` are the chosen ones, None when nobody can tell which is which."""
        if not is_checkpoint(path) or path == INDEX or self.checkpoints == "none":
            return False
        name = path.removeprefix(f"{files.CHECKPOINTS}/")
        return (self.checkpoints == "all" or named is None or name in named) and self._let_through(path)

    def _let_through(self, path: str) -> bool:
        if path in _HOSTS_OWN or any(part.startswith(".") for part in PurePosixPath(path).parts):
            return False
        return (not self.include or matches(path, self.include)) and not matches(path, self.exclude)


def is_checkpoint(path: str) -> bool:
    return path.startswith(f"{files.CHECKPOINTS}/")


def grows(path: str) -> bool:
    """Files that are only appended to."""
    return path in files.STREAMS or path.endswith(".jsonl")


def named(
    choice: Choice, index: Mapping[str, Any] | None, results: Mapping[str, Any] | None, status: Mapping[str, Any] | None
) -> frozenset[str] | None:
    """The checkpoints that are asked for, by the run's own word; None when it has no list of them."""
    rows = index.get("checkpoints") if index else None
    listed = rows if isinstance(rows, list) else []
    entries = [row for row in listed if isinstance(row, Mapping) and isinstance(row.get("file"), str)]
    if not entries:
        return None
    last, found = entries[-1]["file"], set()
    if choice.checkpoints in ("best", "both"):
        found |= _best(entries, results or {}, status or {}) or {last}
    if choice.checkpoints in ("last", "both"):
        found.add(last)
    return frozenset(found)


def _best(entries: list[Mapping[str, Any]], results: Mapping[str, Any], status: Mapping[str, Any]) -> set[str]:
    """The one that the results name; of a run without results those at the steps of its best figures."""
    known = {entry["file"] for entry in entries}
    name = results.get("best_checkpoint")
    if isinstance(name, Mapping):
        name = name.get("file")
    if isinstance(name, str) and PurePosixPath(name).name in known:
        return {PurePosixPath(name).name}
    best = status.get("best")
    values = best.values() if isinstance(best, Mapping) else ()
    steps = {value.get("step") for value in values if isinstance(value, Mapping)} - {None}
    return {entry["file"] for entry in entries if entry.get("step") in steps}
