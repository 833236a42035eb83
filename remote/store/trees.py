"""Trees made of objects: looked at, made, mended.

An entry is [kind, content, size, path]: "f" a file and "x" a program, by their sha256; "l" a link, by where it points.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import time
from typing import Any, Dict, List, NamedTuple, Sequence

from remote.store.objects import have, whole
from remote.store.place import Place


class Entry(NamedTuple):
    kind: str
    content: str
    size: int
    path: str

    @property
    def key(self) -> str:
        """The object's name; a link has none."""
        return self.content + "x" if self.kind == "x" else self.content

    def under(self, folder: bytes) -> bytes:
        return os.path.join(folder, _bytes(self.path))


class Look(NamedTuple):
    """What is missing before the tree can be there; what was found damaged in it."""

    missing: List[str]
    damaged: List[str]


def read(table: Dict[str, Any]) -> List[Entry]:
    """The entries of a tree that the laptop names. ValueError when its name is not their hash."""
    entries = [Entry(*row) for row in table["entries"]]
    lines = "".join("%s %s %s\0" % (entry.kind, entry.content, entry.path) for entry in entries)
    if hashlib.sha256(_bytes(lines)).hexdigest() != table["hash"]:
        raise ValueError("a tree's name is not the hash of its entries")
    for entry in entries:
        if entry.path.startswith("/") or any(part in ("", ".", "..") for part in entry.path.split("/")):
            raise ValueError("a path that leaves its tree: " + entry.path)
    return entries


def settle(place: Place, workshop: bytes, name: str, label: str, entries: Sequence[Entry]) -> Look:
    """Make the tree, or mend it, when all of its objects are here."""
    folder = place.tree(name)
    there = os.path.isdir(folder)
    bad = [entry for entry in entries if not there or not _is_right(entry, folder)]
    wanted = {entry.key: entry.size for entry in bad if entry.kind != "l"}
    missing = [key for key, size in wanted.items() if not have(place, key, size)]
    damaged = [entry.path for entry in bad] if there else []
    if missing:
        return Look(missing, damaged)
    if there:
        for entry in bad:
            _mend(place, workshop, entry, folder)
    else:
        _make(place, workshop, entries, folder)
    _remember(place, workshop, name, label, entries)
    return Look([], damaged)


def is_whole(place: Place, name: str) -> bool:
    """Whether a tree is there as its own manifest says, which its name proves. It counts as used then."""
    try:
        with open(place.manifest(name), encoding="ascii") as file:
            entries = read({"hash": name, "entries": json.load(file)["entries"]})
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not all(_is_right(entry, place.tree(name)) for entry in entries):
        return False
    os.utime(place.manifest(name))
    return True


def _is_right(entry: Entry, folder: bytes) -> bool:
    path = entry.under(folder)
    if entry.kind != "l":
        return whole(path, entry.content, entry.size)
    try:
        return os.readlink(path) == _bytes(entry.content)
    except OSError:
        return False


def _make(place: Place, workshop: bytes, entries: Sequence[Entry], folder: bytes) -> None:
    new = os.path.join(workshop, b"tree")
    os.mkdir(new)
    for entry in entries:
        _put(place, entry, entry.under(new))
    try:
        os.rename(new, folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        shutil.rmtree(new)  # another process was first with the same


def _mend(place: Place, workshop: bytes, entry: Entry, folder: bytes) -> None:
    """Replace one file in one step: programs that run from the tree keep what they have open."""
    path, part = entry.under(folder), os.path.join(workshop, b"mend")
    _put(place, entry, part)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.replace(part, path)
    cache = os.path.join(os.path.dirname(path), b"__pycache__")
    shutil.rmtree(cache, ignore_errors=True)  # compiled from what was damaged


def _put(place: Place, entry: Entry, path: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if entry.kind == "l":
        os.symlink(_bytes(entry.content), path)
        return
    try:
        os.link(place.object(entry.key), path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        shutil.copy2(place.object(entry.key), path)  # a file system without hard links


def _remember(place: Place, workshop: bytes, name: str, label: str, entries: Sequence[Entry]) -> None:
    path = place.manifest(name)
    try:
        os.utime(path)
    except FileNotFoundError:
        part = os.path.join(workshop, b"manifest")
        with open(part, "w", encoding="ascii") as file:
            json.dump({"schema": 1, "label": label, "made": time.time(), "entries": entries}, file)
        os.replace(part, path)


def listing(place: Place) -> List[Dict[str, Any]]:
    """All trees with what is known of them."""
    found = []
    for name in sorted(os.listdir(place.trees)) if os.path.isdir(place.trees) else []:
        if not name.endswith(b".json"):
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            path = os.path.join(place.trees, name)
            with open(path, encoding="ascii") as file:
                table = json.load(file)
            entries = [Entry(*row) for row in table["entries"]]
            found.append(
                {
                    "hash": name[: -len(b".json")].decode("ascii"),
                    "label": str(table["label"]),
                    "files": len(entries),
                    "bytes": sum(entry.size for entry in entries),
                    "used": os.stat(path).st_mtime,
                }
            )
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
