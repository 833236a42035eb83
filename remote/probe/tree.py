"""Which folders there are below the watched root, and which of them to look at now."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Set

from remote.probe.document import Document
from remote.probe.folder import LIVELY, QUIET, Folder, Known

RELIST = 2.0  # list the parents at least so often, where a folder's time does not tell

Send = Callable[[Dict[str, Any]], None]
Heard = Callable[[Folder, Document], None]


class _Parent:
    """A folder of folders."""

    def __init__(self, path: str, name: str, documents: Sequence[str], streams: Sequence[str]) -> None:
        self.path, self.name = path, name
        self.documents, self.streams = documents, streams
        self._time: Optional[int] = None
        self._relist_at = 0.0

    def names(self, now: float) -> Optional[Set[str]]:
        """Names of the folders in it; None when there is no reason to think that they have changed."""
        try:
            changed = os.stat(self.path).st_mtime_ns
        except OSError:
            changed = 0
        if changed == self._time and now < self._relist_at:
            return None
        self._time, self._relist_at = changed, now + RELIST
        try:
            with os.scandir(self.path) as entries:
                return {entry.name for entry in entries if _is_nameable(entry.name) and entry.is_dir()}
        except OSError:
            return set()


def _is_nameable(name: str) -> bool:
    return not name.startswith(".") and name.isprintable()


class Tree:
    """`send` takes rows; `heard` is told of every document that was sent, `left` of every folder that is gone."""

    def __init__(  # noqa: PLR0917
        self,
        root: str,
        parents: Sequence[Mapping[str, Any]],
        offsets: Mapping[str, Mapping[str, Sequence[int]]],
        send: Send,
        heard: Heard,
        left: Callable[[str], None],
    ) -> None:
        self._parents = [
            _Parent(os.path.join(root, item["parent"]), item["parent"], item["documents"], item["streams"])
            for item in parents
        ]
        self._offsets = {
            folder: {name: (int(pair[0]), int(pair[1])) for name, pair in names.items()}
            for folder, names in offsets.items()
        }
        self._send, self._heard, self._left = send, heard, left
        self._folders: Dict[str, Folder] = {}
        self._waiting: Optional[Set[str]] = None  # folders of the first listing that are not complete yet
        self._synced = False

    def look(self, now: float) -> float:
        """Send what has changed; seconds until the next look."""
        first = self._waiting is None
        for parent in self._parents:
            self._list(parent, now)
        if first:
            self._say_what_went()
            self._waiting = set(self._folders)
        busy = False
        for folder in list(self._folders.values()):
            if folder.due <= now:
                self._look_at(folder, now)
                busy = busy or folder.more
        self._settle()
        return 0.0 if busy else self._pause(now)

    def _list(self, parent: _Parent, now: float) -> None:
        names = parent.names(now)
        if names is None:
            return
        prefix = parent.name + "/"
        there = {prefix + name for name in names}
        for name in sorted(there - set(self._folders)):
            known: Known = self._offsets.pop(name, {})
            path = os.path.join(parent.path, name[len(prefix) :])
            self._folders[name] = Folder(path, name, parent.documents, parent.streams, known)
        for name in [known for known in self._folders if known.startswith(prefix) and known not in there]:
            del self._folders[name]
            self._say_gone(name)

    def _look_at(self, folder: Folder, now: float) -> None:
        for row, document in folder.look(now):
            self._send(row)
            if document is not None:
                self._heard(folder, document)
        if folder.more:
            folder.due = now

    def _say_what_went(self) -> None:
        """Folders that the other side knows and that were removed while nobody looked."""
        parents = {parent.name for parent in self._parents}
        for name in list(self._offsets):
            if name.rpartition("/")[0] in parents:
                self._say_gone(name)
        self._offsets.clear()

    def _say_gone(self, name: str) -> None:
        self._send({"k": "gone", "folder": name})
        self._left(name)

    def _settle(self) -> None:
        """Say once that everything that was there at the beginning has been sent."""
        if self._waiting is None or self._synced:
            return
        self._waiting = {name for name in self._waiting if name in self._folders and not self._folders[name].caught_up}
        if not self._waiting:
            self._synced = True
            self._send({"k": "synced"})

    def _pause(self, now: float) -> float:
        soonest = min((folder.due for folder in self._folders.values()), default=now + QUIET)
        return min(QUIET, max(LIVELY, soonest - now))

    def mark_alive(self, alive: Set[str]) -> None:
        """Folders in which a process lives are looked at more often."""
        for name, folder in self._folders.items():
            woken = name in alive and not folder.alive
            folder.alive = name in alive
            if woken:
                folder.due = 0.0
