"""A tree: paths and what lies there, immutable, named by one hash."""

import functools
import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One path. `content` is the sha256 of a file (f) or program (x), and where a link (l) points."""

    kind: Literal["f", "x", "l"]
    content: str
    size: int = 0
    source: Path | bytes = b""  # where its bytes come from

    @property
    def key(self) -> str:
        """The object's name on a host: a program is another file there than the same bytes as a plain one."""
        return f"{self.content}x" if self.kind == "x" else self.content

    def pieces(self) -> Iterator[bytes]:
        """Its bytes. ValueError when they are not the same any more."""
        digest = hashlib.sha256()
        for piece in _pieces(self.source):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.content:
            raise ValueError(f"{self.source!s} changed while it was sent: start again")


@dataclass(frozen=True)
class Tree:
    """`label` is for people and no part of the hash."""

    label: str
    entries: Mapping[str, Entry]

    @functools.cached_property
    def hash(self) -> str:
        lines = "".join(f"{entry.kind} {entry.content} {path}\0" for path, entry in self.entries.items())
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries.values())

    def to_json(self) -> dict[str, Any]:
        """As `remote.store` reads it."""
        rows = [[entry.kind, entry.content, entry.size, path] for path, entry in self.entries.items()]
        return {"hash": self.hash, "label": self.label, "entries": rows}


def tree(label: str, entries: Mapping[str, Entry]) -> Tree:
    """In the one order. ValueError names what must not be in a tree."""
    for path, entry in entries.items():
        if path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
            raise ValueError(f"{path!r} in {label}: a path inside it is needed")
        if entry.kind == "l":
            _check_link(label, path, entry.content)
    return Tree(label, dict(sorted(entries.items())))


def from_file(path: Path, *, program: bool) -> Entry:
    """A file on this laptop, read once for its hash."""
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return Entry("x" if program else "f", digest.hexdigest(), size, path)


def from_bytes(data: bytes, *, program: bool = False) -> Entry:
    return Entry("x" if program else "f", hashlib.sha256(data).hexdigest(), len(data), data)


def link(target: str) -> Entry:
    return Entry("l", target)


def _pieces(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _check_link(label: str, path: str, target: str) -> None:
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if target.startswith("/") or end == ".." or end.startswith("../"):
        raise ValueError(
            f"{label}: {path} is a link to {target}, which is outside: it would point nowhere on the host. "
            "Keep it out (.gitignore), and tell the program the path in env"
        )
