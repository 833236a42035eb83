"""What a folder holds, as `find -printf` would say it: for hosts whose find has no -printf."""

from __future__ import annotations

import os
import stat
import sys
from typing import Iterator, List, Optional


def behind(folder: str, link: Optional[List[str]]) -> Optional[str]:
    """The file that the link leads to, while it leads where it should."""
    if not link:
        return None
    path, wanted = link[0], os.path.expanduser(link[1])
    try:
        return wanted if os.readlink(os.path.join(folder, path)) == wanted else None
    except OSError:
        return None


def tell(folder: str, link: Optional[List[str]] = None) -> None:
    """One record a file, each ended by a NUL, and `end CODE` as the last one; see `remote/transfer/listing.py`."""
    out = sys.stdout.buffer
    if not os.path.isdir(folder):
        out.write(b"none\0")
        return
    code = 0
    for record in walk(os.fsencode(folder), b""):
        if record is None:
            code = 1
        else:
            out.write(record + b"\0")
    led = behind(folder, link)
    if led is not None and link is not None and os.path.isfile(led) and not os.path.islink(led):
        out.write(b"F " + _facts(os.stat(led)) + b" " + os.fsencode(link[0]) + b"\0")
    out.write(b"end %d\0" % code)


def walk(folder: bytes, below: bytes) -> Iterator[bytes | None]:
    """Records of everything that is no folder; None for what could not be looked at."""
    try:
        entries = list(os.scandir(os.path.join(folder, below) if below else folder))
    except OSError:
        yield None
        return
    for entry in entries:
        path = os.path.join(below, entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from walk(folder, path)
            continue
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # it went while we looked
        kind = b"f" if stat.S_ISREG(found.st_mode) else b"l" if stat.S_ISLNK(found.st_mode) else b"o"
        yield kind + b" " + _facts(found) + b" " + path


def _facts(found: os.stat_result) -> bytes:
    seconds, rest = divmod(found.st_mtime_ns, 10**9)
    return b"%d %d.%09d %o %d" % (found.st_size, seconds, rest, found.st_mode & 0o7777, found.st_ino)
