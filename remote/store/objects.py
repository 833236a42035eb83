"""Content by its hash: received, verified, kept."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import stat
from typing import Union

from remote.store.place import Place

PIECE = 1 << 20
Stream = Union[gzip.GzipFile, io.BytesIO]


class Damaged(Exception):
    """What came is not what was announced."""


def whole(path: bytes, content: str, size: int) -> bool:
    """Whether a regular file is there and holds exactly that."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return False
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while True:
                data = file.read(PIECE)
                if not data:
                    return digest.hexdigest() == content
                digest.update(data)
    except OSError:
        return False


def have(place: Place, key: str, size: int) -> bool:
    """Whether the object is there; a damaged one is taken away."""
    path = place.object(key)
    if whole(path, key.rstrip("x"), size):
        return True
    with contextlib.suppress(OSError):
        os.unlink(path)
    return False


def receive(place: Place, workshop: bytes, stream: Stream) -> None:
    """Take objects until the stream ends: a line "KEY SIZE", and that many bytes. Whole ones are kept at once."""
    while True:
        line = stream.readline()
        if not line:
            return
        key, size = line.decode("ascii").split()
        _keep(place, os.path.join(workshop, b"part"), stream, key, int(size))


def _keep(place: Place, part: bytes, stream: Stream, key: str, size: int) -> None:
    digest = hashlib.sha256()
    left = size
    with open(part, "wb") as file:
        while left:
            data = stream.read(min(left, PIECE))
            if not data:
                raise EOFError
            digest.update(data)
            file.write(data)
            left -= len(data)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != key.rstrip("x"):
        raise Damaged("an object arrived damaged: " + key)
    os.chmod(part, 0o555 if key.endswith("x") else 0o444)
    path = place.object(key)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.replace(part, path)
