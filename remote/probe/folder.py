"""One watched folder: its documents and streams, and how soon to look again."""

from __future__ import annotations

import os
import time
import zlib
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from remote.probe.document import Document
from remote.probe.stream import Stream

LIVELY = 0.05  # between looks at a folder in which something happens
QUIET = 0.1  # … in which a process lives, or something happened a moment ago
IDLE = 1.0  # … one in which nothing has happened for a while; of a finished one only whether a name has changed
COMPLETE = 10.0  # between complete looks at a finished one
_MOMENT = 5.0
_COOLING = 30.0
_FINISHED = 900.0  # nothing has happened for so long, and nothing lives

Known = Mapping[str, Tuple[int, int]]


class Folder:
    """`due`: when to look again."""

    def __init__(self, path: str, name: str, documents: Sequence[str], streams: Sequence[str], known: Known) -> None:
        self.path, self.name = path, name
        self.due = 0.0
        self.alive = False  # one of its documents names a living process
        self._documents = [Document(os.path.join(path, item), name, item) for item in documents]
        self._streams = [Stream(os.path.join(path, item), name, item, known.get(item)) for item in streams]
        self._stir: Optional[float] = None  # when something last happened in it; None: never looked at
        self._listed = 0
        self._complete_at = 0.0
        # finished folders are spread over time by their names, so that no look has to see them all
        self._share = zlib.crc32(name.encode("utf-8", "replace")) % 1000 / 1000.0

    @property
    def more(self) -> bool:
        return any(stream.more for stream in self._streams)

    @property
    def caught_up(self) -> bool:
        return all(stream.caught_up for stream in self._streams)

    def look(self, now: float) -> Iterator[Tuple[Dict[str, Any], Optional[Document]]]:
        """Rows of everything that has changed; with the document, where it is one."""
        first = self._stir is None
        if not first and not self._worth_a_look(now):
            return
        for document in self._documents:
            row = document.look()
            if row is not None:
                self._stir = now
                yield row, document
        for stream in self._streams:
            row = stream.look()
            if row is not None:
                self._stir = now
                yield row, None
        if first:
            newest = max([document.mtime for document in self._documents] + [stream.mtime for stream in self._streams])
            self._stir = now - max(0.0, time.time() - max(newest, self._made()))
        self.due = now + self._pause(now)

    def _made(self) -> float:
        try:
            return os.stat(self.path).st_mtime
        except OSError:
            return 0.0

    def _pause(self, now: float) -> float:
        since = self._since(now)
        if since < _MOMENT:
            return LIVELY
        if self.alive or since < _COOLING:
            return QUIET
        return IDLE * (0.5 + self._share)

    def _since(self, now: float) -> float:
        return 0.0 if self._stir is None else now - self._stir

    def _worth_a_look(self, now: float) -> bool:
        """A finished folder is looked at when a name in it has changed, and completely now and then."""
        if self.alive or self.more or self._since(now) < _FINISHED:
            return True
        try:
            listed = os.stat(self.path).st_mtime_ns
        except OSError:
            listed = 0
        if listed == self._listed and now < self._complete_at:
            self.due = now + IDLE * (0.5 + self._share)
            return False
        self._listed = listed
        self._complete_at = now + COMPLETE * (0.5 + self._share)
        return True
