"""Files for this host, from a tar stream: into parts that a broken push finds again, renamed when they are whole."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sys
import time
from typing import Any, Dict, List, Optional

from remote.transfer.host import tar

PIECE = 1024 * 1024
PARTS = ".parts"
MANY = 32
BEAT_S = 5.0


@functools.lru_cache(maxsize=1)  # it is asked for when a file begins, and again when it has ended
def part_name(path: str) -> str:
    """What the part of a file is called: short, and the same at every try."""
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:32] + ".part"


class Taker:
    """`files`: path, size, time of change in ns, mode."""

    def __init__(self, folder: str, files: List[List[Any]]) -> None:
        self._folder, self._parts = folder, os.path.join(folder, PARTS)
        self._files = {path: (size, mtime, mode) for path, size, mtime, mode in files}
        self._sha: Any = hashlib.sha256()
        self._path: Optional[str] = None
        self._out: Any = None
        self._prefix: Dict[str, Any] = {}  # hashes of the parts that are there
        self.renamed: List[str] = []
        self.bad: List[List[str]] = []

    def have(self) -> List[List[Any]]:
        """What is there of each file: path, bytes, sha256."""
        os.makedirs(self._parts, exist_ok=True)
        said = time.monotonic()
        mine = {part_name(path): path for path in self._files}
        found = []
        for name in os.listdir(self._parts):
            if name not in mine:
                os.unlink(os.path.join(self._parts, name))
                continue
            path, sha, size = mine[name], hashlib.sha256(), 0
            with open(os.path.join(self._parts, name), "rb") as file:
                for data in iter(lambda: file.read(PIECE), b""):
                    sha.update(data)
                    size += len(data)
                    if time.monotonic() - said > BEAT_S:
                        _say({})  # at work
                        said = time.monotonic()
            self._prefix[path] = (size, sha)
            found.append([path, size, sha.hexdigest()])
        return found

    def begin(self, member: tar.Member) -> None:
        """A file comes: all of it, or what its part lacks."""
        if member.name not in self._files:
            raise ValueError("%r was not announced" % member.name)
        total = self._files[member.name][0]
        size, sha = self._prefix.get(member.name, (0, None))
        goes_on = size > 0 and member.size == total - size
        if not goes_on and member.size != total:
            raise ValueError("%r has another size than was announced" % member.name)
        self._sha = sha if goes_on else hashlib.sha256()
        self._path = member.name
        self._out = open(self._part(member.name), "ab" if goes_on else "wb", buffering=0)  # noqa: SIM115 - it comes in pieces

    def write(self, data: memoryview) -> None:
        rest = data
        while rest:
            rest = rest[self._out.write(rest) :]
        self._sha.update(data)

    def whole(self) -> None:
        self._out.close()

    def judge(self, about: Dict[str, Any]) -> None:
        """The laptop's word on what it sent: rename, or refuse."""
        path = about.get("path")
        if path != self._path or path is None:
            raise ValueError("a note about a file that was not sent")
        self._path = None
        part, target = self._part(path), os.path.join(self._folder, path)
        if about.get("sha256") != self._sha.hexdigest() or about.get("torn"):
            os.unlink(part)
            self.bad.append([path, "it changed while it was read" if about.get("torn") else "damaged on the way"])
            return
        _size, mtime, mode = self._files[path]
        os.utime(part, ns=(mtime, mtime))
        os.chmod(part, mode)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(part, target)
        self.renamed.append(target)

    def settle(self) -> None:
        """On the disk, before anybody is told that it is there."""
        if len(self.renamed) > MANY:
            os.sync()  # one wait for all that the system has to write is shorter than thousands
        else:
            for path in self.renamed:
                file = os.open(path, os.O_RDONLY)
                os.fsync(file)
                os.close(file)
        try:
            os.rmdir(self._parts)
        except OSError:
            pass

    def _part(self, path: str) -> str:
        return os.path.join(self._parts, part_name(path))


def take(folder: str, files: List[List[Any]]) -> None:
    """Say what is there, take what comes, say what became of it."""
    os.makedirs(folder, exist_ok=True)
    taker = Taker(folder, files)
    have = taker.have()
    _say({"have": have, "free": shutil.disk_usage(folder).free})
    reader = tar.Reader()
    stdin: Any = sys.stdin.buffer
    while not reader.over:
        data = stdin.read1(PIECE)
        if not data:
            return  # it broke: the parts are what the next try begins with
        for told in reader.feed(data):
            if isinstance(told, tar.Member):
                taker.begin(told)
            elif isinstance(told, memoryview):
                taker.write(told)
            elif isinstance(told, tar.Whole):
                taker.whole()
            elif isinstance(told, tar.Note):
                taker.judge(told.about)
    taker.settle()
    _say({"done": len(taker.renamed), "bad": taker.bad})


def _say(value: Dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
