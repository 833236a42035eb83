"""Where things lie below `<root>/code`, and how nobody sees half of them.

objects/ab/ab12…  content by its sha256; with an "x" behind it where it may be executed. Read-only.
trees/HASH/       a tree: hard links to objects. trees/HASH.json is its manifest; its mtime says when it was last used.
incoming/NAME/    what one process is making; locked as long as it lives, swept away by the next one otherwise.
lock              shared by all who add, exclusive for who removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from typing import Iterator

STALE_S = 60.0  # before that a folder may only not be locked yet


class Place:
    """Paths are bytes: names of files are UTF-8 whatever the host's locale is."""

    def __init__(self, root: str) -> None:
        self.root = os.fsencode(os.path.expanduser(root))
        self.code = os.path.join(self.root, b"code")
        self.trees = os.path.join(self.code, b"trees")
        self._objects = os.path.join(self.code, b"objects")
        self._incoming = os.path.join(self.code, b"incoming")

    def object(self, key: str) -> bytes:
        return os.path.join(self._objects, key[:2].encode(), key.encode())

    def objects(self) -> Iterator[bytes]:
        for folder in _names(self._objects):
            for name in _names(os.path.join(self._objects, folder)):
                yield os.path.join(self._objects, folder, name)

    def tree(self, name: str) -> bytes:
        return os.path.join(self.trees, name.encode())

    def manifest(self, name: str) -> bytes:
        return os.path.join(self.trees, name.encode() + b".json")

    def free(self) -> int:
        """Bytes that this user may still write."""
        found = os.statvfs(self.code)
        return found.f_bavail * found.f_frsize

    def make(self) -> None:
        for folder in (self._objects, self.trees, self._incoming):
            os.makedirs(folder, exist_ok=True)

    @contextlib.contextmanager
    def locked(self, alone: bool = False) -> Iterator[None]:
        descriptor = os.open(os.path.join(self.code, b"lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def workshop(self) -> Iterator[bytes]:
        """A folder to make things in, gone afterwards."""
        self._sweep()
        folder = os.path.join(self._incoming, secrets.token_hex(8).encode())
        os.mkdir(folder, 0o700)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)

    def _sweep(self) -> None:
        for name in _names(self._incoming):
            folder = os.path.join(self._incoming, name)
            with contextlib.suppress(OSError):
                if time.time() - os.stat(folder).st_mtime < STALE_S:
                    continue
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(descriptor)


def _names(folder: bytes) -> list[bytes]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
