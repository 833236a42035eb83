"""The locks of a host's GPUs: held by an open file, so that the kernel lets go of them when the last process that has
it open is gone, however it went. A lock goes on through exec to the command, and through fork to its children.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from typing import Dict, List, Optional, Sequence, Tuple

from remote.slots.turn import PARTS


def lock(path: str, *, make: bool = True) -> Optional[int]:
    """An open file that holds the lock; None when somebody else does, or when it is not there and is not to be made.

    Whoever may write into its folder may lock it: several accounts share a queue by a folder of a group of theirs.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        if not make:
            return None
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with contextlib.suppress(PermissionError):  # somebody else has made it meanwhile
            os.fchmod(handle, os.stat(os.path.dirname(path)).st_mode & 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def folder(path: str) -> str:
    """Make it, and what is above it: each as open as the folder that it lies in."""
    if not os.path.isdir(path):
        above = folder(os.path.dirname(path))
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            os.chmod(path, os.stat(above).st_mode & 0o7777)
    return path


def private(path: str) -> str:
    """A folder that is only ours."""
    os.makedirs(path, mode=0o700, exist_ok=True)
    os.chmod(path, 0o700)
    return path


class Parts:
    """The locks below a folder. Every look at them is made by whoever holds the queue's lock."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def look(self, ids: Sequence[str]) -> Dict[str, List[Dict[str, object]]]:
        """Who holds parts of each GPU: one entry a part."""
        return {gpu: self._holders(gpu) for gpu in ids}

    def take(self, ids: Sequence[str], parts: int, holder: Dict[str, object]) -> Optional[Tuple[int, ...]]:
        """So many parts of each: open files that hold them; None when one of them went to somebody else meanwhile."""
        taken: List[int] = []
        for gpu in ids:
            folder(self._of(gpu))
            mine: List[int] = []
            for number in range(PARTS):
                handle = lock(self._part(gpu, number)) if len(mine) < parts else None
                if handle is not None:
                    os.ftruncate(handle, 0)
                    os.pwrite(handle, json.dumps(holder).encode(), 0)
                    mine.append(handle)
            taken += mine
            if len(mine) < parts:
                for handle in taken:
                    os.close(handle)
                return None
        return tuple(taken)

    def _holders(self, gpu: str) -> List[Dict[str, object]]:
        found = []
        for number in range(PARTS):
            path = self._part(gpu, number)
            handle = lock(path, make=False)
            if handle is not None:
                os.close(handle)
            elif os.path.exists(path):
                found.append(_read(path))
        return found

    def _of(self, gpu: str) -> str:
        return os.path.join(self._folder, re.sub(r"[^A-Za-z0-9_-]", "_", gpu))

    def _part(self, gpu: str, number: int) -> str:
        return os.path.join(self._of(gpu), "part%02d" % number)


def _read(path: str) -> Dict[str, object]:
    """What its holder wrote; nothing when it has only just taken it."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
