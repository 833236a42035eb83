"""What a folder of a host holds, in one round trip: by GNU find, else by a Python there."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from remote import shell
from remote.errors import CommandFailed, HostLacks, TooMuch
from remote.transfer import names, stream
from remote.transport import Transport

_RECORD = re.compile(rb"(.) (\d{1,19}) (-?\d{1,12})(?:\.(\d{0,9})\d*)? ([0-7]{1,5}) (\d{1,20}) (.+)", re.DOTALL)
_MOST_SIZE = 2**60


class Entry(NamedTuple):
    """A file of the host."""

    path: str
    size: int
    mtime_ns: int
    mode: int
    inode: int


class Left(NamedTuple):
    """Something that is not taken, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Files that can be taken, by path, and what stays where it is."""

    files: dict[str, Entry]
    left: tuple[Left, ...] = ()


class Link(NamedTuple):
    """A link of the folder that is taken as the plain file that it leads to, and only while it leads there."""

    path: str
    behind: str


def look(
    transport: Transport, folder: str, pythons: tuple[str, ...], link: Link | None = None, *, timeout: float = 120.0
) -> Listing | None:
    """None when the host has no such folder."""
    variables = {"FOLDER": shell.path(folder)}
    if link is not None:
        assert re.fullmatch(r"[A-Za-z0-9._-]+", link.path), "it becomes part of find's format"
        variables |= {"LINK": link.path, "BEHIND": shell.path(link.behind)}
    text = shell.assign(variables) + shell.script("list.sh")
    try:
        done = transport.run(["sh", "-s"], input=text.encode(), timeout=timeout)
        data, words = done.stdout, done.stderr
        if data == b"lacks\0":
            data, words = stream.ask(transport, {"op": "list", "folder": folder, "link": link}, pythons)
    except stream.NoPython:
        raise HostLacks("the host has neither GNU find nor Python", "install findutils or python3 on it") from None
    except TooMuch:
        raise CommandFailed(f"{folder} holds too many files to list", "name a smaller folder") from None
    if data == b"none\0":
        return None
    return parse(data, words.decode("utf-8", "replace"))


def parse(data: bytes, words: str = "") -> Listing:
    """Records as `scripts/list.sh` writes them. CommandFailed when it is no whole listing."""
    *records, rest = data.split(b"\0")
    if rest or not records or not re.fullmatch(rb"end \d+", records[-1]):
        raise CommandFailed("the host's listing broke off")
    files: dict[str, Entry] = {}
    left: list[Left] = []
    for record in records[:-1]:
        found = _RECORD.fullmatch(record)
        if found is None:
            raise CommandFailed(f"the host's listing cannot be read: {record[:80]!r}")
        kind, size, seconds, fraction, mode, inode, raw = found.groups()
        path = raw.decode("utf-8", "surrogateescape")
        if kind == b"F":  # what the link leads to; the link itself was told of before
            kind, left = b"f", [item for item in left if item.path != path]
        why = _why_not(kind, path, int(size))
        if not why and path in files:
            why = "it is listed twice"
        if why:
            left.append(Left(path, why))
            continue
        mtime = int(seconds) * 10**9 + int((fraction or b"").ljust(9, b"0"))
        files[path] = Entry(path, int(size), mtime, int(mode, 8), int(inode))
    if records[-1] != b"end 0":
        last = words.strip().splitlines()
        left.append(Left("?", last[-1] if last else "the host could not look at everything"))
    return Listing(files, tuple(left))


def _why_not(kind: bytes, path: str, size: int) -> str:
    if kind == b"l":
        return "it is a link"
    if kind != b"f":
        return "it is no plain file"
    return names.fault(path) or ("no disk is so large" if size > _MOST_SIZE else "")
