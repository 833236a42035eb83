"""Who waits, in the order in which they were launched. A ticket counts as long as its owner holds its lock: one whose
owner was killed is taken away by whoever looks next.
"""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Optional

from remote.slots.parts import folder as make_folder
from remote.slots.parts import lock


class Ticket:
    """A place in the queue; it is kept by being alive."""

    def __init__(self, path: str, handle: int) -> None:
        self.path, self._handle = path, handle

    def note(self, about: Dict[str, Any]) -> None:
        """What the others may know of it. They do not wait for one that is not `ready`: more than GPUs is missing."""
        data = json.dumps(about).encode()
        os.pwrite(self._handle, data.ljust(_ROOM), 0)

    def give_up(self) -> None:
        """Leave the queue."""
        os.unlink(self.path)
        os.close(self._handle)


_ROOM = 1024  # a note is written in one piece of this size, so that nobody reads a part of it


class Tickets:
    """The queue below a folder. Every method but `held` is called by whoever holds the queue's lock."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock = os.path.join(folder, "lock")
        self._waiting = os.path.join(folder, "waiting")
        make_folder(self._waiting)

    def held(self) -> Optional[int]:
        """The queue's lock as an open file, to be closed soon; None while somebody else is looking."""
        return lock(self._lock)

    def draw(self, run: str, since: float) -> Ticket:
        """A place among the others, by the time at which the run was launched."""
        path = os.path.join(self._waiting, "%020.6f-%s" % (since, run))
        handle = lock(path)
        assert handle is not None  # a run is launched once
        return Ticket(path, handle)

    def ahead(self, ticket: Ticket) -> List[Dict[str, Any]]:
        """Those before it that are ready, oldest first."""
        return [about for about in self.before(ticket) if about.get("ready", True)]

    def before(self, ticket: Ticket) -> List[Dict[str, Any]]:
        """What those before it say of themselves, oldest first."""
        found = []
        for name in sorted(os.listdir(self._waiting)):
            path = os.path.join(self._waiting, name)
            if path >= ticket.path:
                break
            handle = lock(path, make=False)
            if handle is not None:  # nobody holds it any more
                os.unlink(path)
                os.close(handle)
                continue
            found.append(_read(path))
        return found


def _read(path: str) -> Dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.loads(file.read() or "{}")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
