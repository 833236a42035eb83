"""Removing trees that nothing needs any more.

A tree stays while it was used lately, while a run's run.toml names it (such a run can be resumed), while a watch on the
host was started from it, and while it holds files that somebody else has put there.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import time
from typing import List, Set

from remote.store.place import Place
from remote.store.trees import Entry, listing

INTERRUPTED_S = 3600.0  # objects of a shipment that was cut off a moment ago may still be wanted


def prune(place: Place, workshop: bytes, unused_s: float) -> List[str]:
    """Remove them; returns their names."""
    now = time.time()
    old = [str(row["hash"]) for row in listing(place) if now - row["used"] >= unused_s]
    named = _named(place, old)
    removed = [name for name in old if name not in named and not _has_strangers(place, name)]
    for name in removed:
        os.unlink(place.manifest(name))
        gone = os.path.join(workshop, name.encode())
        os.rename(place.tree(name), gone)
        shutil.rmtree(gone, ignore_errors=True)
    for path in place.objects():
        with contextlib.suppress(OSError):
            found = os.stat(path)
            if found.st_nlink == 1 and time.time() - found.st_mtime >= min(unused_s, INTERRUPTED_S):
                os.unlink(path)
    return removed


def _named(place: Place, names: List[str]) -> Set[str]:
    found = set()
    root = glob.escape(place.root)
    runs = glob.glob(os.path.join(root, b"runs", b"*", b"run.toml"))
    watches = glob.glob(os.path.join(root, b"watches", b"*", b"runs", b"*", b"launch.sh"))
    for path in runs + watches:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            text = file.read()
            found |= {name for name in names if name.encode() in text}
    return found


def _has_strangers(place: Place, name: str) -> bool:
    """Files that are neither the tree's nor Python's own caches."""
    with open(place.manifest(name), encoding="ascii") as file:
        known = {Entry(*row).under(place.tree(name)) for row in json.load(file)["entries"]}
    for folder, folders, files in os.walk(place.tree(name)):
        folders[:] = [item for item in folders if item != b"__pycache__"]
        links = [item for item in folders if os.path.islink(os.path.join(folder, item))]
        if any(os.path.join(folder, item) not in known for item in files + links):
            return True
    return False
