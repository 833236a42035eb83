"""Files of this host, as a tar stream: each read once, and hashed while it is read."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

from remote.transfer.host import tar, tree

PIECE = 256 * 1024  # what a core's own cache holds: it is read, hashed and written in turn
SLACK = 1024 * 1024  # so much larger than it was when it was listed may a file be
BEAT_S = 5.0


class Out:
    """stdout, in large writes."""

    def __init__(self) -> None:
        self._waiting: List[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= PIECE:
            self.flush()

    def pass_on(self, data: memoryview) -> None:
        """What is large goes as it is, for its memory is used again."""
        self.flush()
        while data:
            data = data[os.write(1, data) :]

    def flush(self) -> None:
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(1, rest) :]


def give(folder: str, wanted: List[List[Any]], link: Optional[List[str]] = None) -> None:
    """`wanted`: path, size when it was listed, whether it only grows, bytes that are there already, their sha256.
    `link`: one of the paths, and the plain file that it must lead to.
    """
    out = Out()
    if not os.path.isdir(folder):
        raise OSError("%s is not there" % folder)
    for path, size, grows, have, digest in wanted:
        led = tree.behind(folder, link) if link and path == link[0] else None
        _give_one(out, led or os.path.join(folder, path), path, (size, grows, have, digest))
    out.write(tar.END)
    out.flush()
    sys.stdout.close()


def _give_one(out: Out, full: str, path: str, about: Tuple[int, bool, int, str]) -> None:
    promised, grows, have, digest = about
    try:
        file = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        out.write(tar.note({"path": path, "error": error.strerror, "gone": isinstance(error, FileNotFoundError)}))
        return
    try:
        found = os.fstat(file)
        size = found.st_size
        if not stat.S_ISREG(found.st_mode):
            out.write(tar.note({"path": path, "error": "it is no plain file any more", "gone": True}))
        elif size > promised + SLACK and not grows:
            out.write(tar.note({"path": path, "changed": True}))
        else:
            _send(out, (file, path, grows), found, min(size, promised + SLACK), (have if have <= size else 0, digest))
    except OSError as error:
        raise OSError("%s: %s" % (full, error.strerror)) from None  # in the middle of a member: the stream cannot go on
    finally:
        os.close(file)


def _send(out: Out, what: Tuple[int, str, bool], found: os.stat_result, size: int, there: Tuple[int, str]) -> None:
    (file, path, grows), (have, digest) = what, there
    sha = hashlib.sha256()
    if have:
        _hash(out, file, sha, have)
        if sha.hexdigest() != digest:  # what is there is no beginning of this file
            sha, have = hashlib.sha256(), 0
            os.lseek(file, 0, os.SEEK_SET)
        else:
            out.write(tar.note({"path": path, "from": have}))
    out.write(tar.header(path, size - have))
    left = size - have
    room = memoryview(bytearray(PIECE)) if left > PIECE else None
    while left:
        if room is None:
            data: Any = os.read(file, left)
            out.write(data)
        else:
            data = room[: os.readv(file, [room[:left]])]
            out.pass_on(data)
        if not data:
            break
        sha.update(data)
        left -= len(data)
    for start in range(0, left, PIECE):  # it was cut meanwhile: the promise is kept, with zeros
        out.write(bytes(min(PIECE, left - start)))
    out.write(tar.padding(size - have))
    out.write(tar.note({"path": path, "sha256": sha.hexdigest(), **_facts(file, found, size, left, grows)}))


def _facts(file: int, found: os.stat_result, size: int, missing: int, grows: bool) -> Dict[str, Any]:
    """What it was while it was read; `torn`: it was written to meanwhile, so that these bytes never were the file."""
    after = os.fstat(file)
    torn = bool(missing) or (not grows and (after.st_size, after.st_mtime_ns) != (found.st_size, found.st_mtime_ns))
    return {"size": size, "mtime_ns": found.st_mtime_ns, "mode": found.st_mode & 0o7777, "torn": torn}


def _hash(out: Out, file: int, sha: Any, size: int) -> None:
    """Over the first bytes. What takes long says from time to time that it is at work."""
    said = time.monotonic()
    while size:
        data = os.read(file, min(PIECE, size))
        if not data:
            return
        sha.update(data)
        size -= len(data)
        if time.monotonic() - said > BEAT_S:
            out.write(tar.note({}))
            out.flush()
            said = time.monotonic()
