"""What people say of runs: tags and a note. Kept in a file of its own beside the history, which can be built anew from
run directories; this cannot.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.record import atomic
from trainer.record.jsonl import decode_document

FILE = "labels.json"
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True, slots=True)
class Label:
    """Of one run."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def tagged(self, added: frozenset[str], removed: frozenset[str]) -> "Label":
        return Label(tuple(sorted((set(self.tags) | added) - removed)), self.note)


def check_tag(text: str) -> str:
    """ValueError for what cannot be a tag."""
    if not _TAG.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a tag: use up to 40 letters, digits, - _ and .")
    return text


class Labels:
    """Of one state folder. Several consoles may write: each change is made under a lock, to what is there then."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE

    def all(self) -> dict[str, Label]:
        """By "host:run". A damaged file is an error with its name: nothing of a person's is thrown away."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        found = decode_document(data)
        if found is None:
            raise ValueError(f"{self._path} is no JSON: mend or remove it")
        return {key: _label(row) for key, row in found.items() if isinstance(row, Mapping)}

    def change(self, keys: list[str], how: Callable[[Label], Label]) -> dict[str, Label]:
        """Change these, and return them."""
        with self._locked():
            labels = self.all()
            labels |= {key: how(labels.get(key, Label())) for key in keys}
            rows = {key: {"tags": list(one.tags), "note": one.note} for key, one in labels.items() if one != Label()}
            atomic.replace(self._path, json.dumps(rows, indent=1, ensure_ascii=False).encode(), durable=True)
        return {key: labels[key] for key in keys}

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _label(row: Mapping[str, object]) -> Label:
    tags, note = row.get("tags"), row.get("note")
    names = tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()
    return Label(names, note if isinstance(note, str) else "")
