"""A tar stream as both ends speak it: plain files, and notes about them. Read in pieces, with a bound on everything.

A note is a member of type T (POSIX leaves A to Z to whoever needs them) that holds a JSON object: what the file before
it was when it was read, and its sha256. Links, devices, folders and everything else that is no plain file end the
stream: nobody asked for them.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, Optional, Union

BLOCK = 512
END = bytes(2 * BLOCK)
MOST_META = 256 * 1024  # bytes of a note or a long name
_MOST_SIZE = 2**60


class BadTar(Exception):
    """The stream is no tar stream that we would take."""


class Member:
    """A plain file begins; `size` bytes of it follow."""

    __slots__ = ("name", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size


class Note:
    """What was said of the file before."""

    __slots__ = ("about",)

    def __init__(self, about: Dict[str, Any]) -> None:
        self.about = about


class Whole:
    """The last byte of the member has come."""


class Over:
    """The stream ended as it should."""


WHOLE, OVER = Whole(), Over()
Told = Union[Member, Note, Whole, Over, memoryview]


def padding(size: int) -> bytes:
    """What fills the member's last block."""
    return bytes(-size % BLOCK)


def header(name: str, size: int, kind: bytes = b"0") -> bytes:
    """The blocks before a member's bytes."""
    raw = name.encode("utf-8", "surrogateescape")
    long = b""
    if len(raw) > 100:
        long += _record(b"path", raw)
    if size >= 8**11:
        long += _record(b"size", b"%d" % size)
    before = _block(b"pax", len(long), b"x") + long + padding(len(long)) if long else b""
    return before + _block(raw[:100], size if size < 8**11 else 0, kind)


def note(about: Dict[str, Any]) -> bytes:
    """A whole note."""
    data = json.dumps(about).encode()
    return _block(b"note", len(data), b"T") + data + padding(len(data))


def _block(name: bytes, size: int, kind: bytes) -> bytes:
    head = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    rest = kind + bytes(100) + b"ustar\x0000" + bytes(247)
    total = sum(head) + sum(rest) + 8 * 32
    return head + b"%06o\0 " % total + rest


def _record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(b"%d" % length) + len(key) + len(value) + 3 != length:
        length = len(b"%d" % length) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


class Reader:
    """`feed` it bytes as they come: it yields Member, then pieces of it, then WHOLE; Note; and at the end OVER."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._meta = bytearray()
        self._kind = b""  # of the member that is being read; b"" between members
        self._left = self._skip = 0
        self._path: Optional[str] = None
        self._size: Optional[int] = None
        self._over = False

    def feed(self, data: bytes) -> Iterator[Told]:
        """What `data` completes. BadTar when it cannot be."""
        view, at, end = memoryview(data), 0, len(data)
        while at < end and not self._over:
            if self._left:
                piece = view[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if self._kind == b"0":
                    yield piece
                else:
                    self._meta += piece
                if not self._left:
                    yield from self._complete()
            elif self._skip:
                step = min(self._skip, end - at)
                at, self._skip = at + step, self._skip - step
            else:
                step = min(BLOCK - len(self._head), end - at)
                self._head += view[at : at + step]
                at += step
                if len(self._head) == BLOCK:
                    block = bytes(self._head)
                    self._head.clear()
                    yield from self._begin(block)

    @property
    def over(self) -> bool:
        """The end mark has come."""
        return self._over

    def _begin(self, block: bytes) -> Iterator[Told]:
        if not any(block):
            self._over = True
            yield OVER
            return
        if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 32:
            raise BadTar("a header with a wrong checksum")
        kind, size = block[156:157], _number(block[124:136])
        if kind in (b"x", b"g", b"L", b"T"):
            if size > MOST_META:
                raise BadTar("a header of %d bytes" % size)
            self._meta.clear()
        elif kind in (b"0", b"\0"):
            kind = b"0"
            name, size = self._path, size if self._size is None else self._size
            self._path = self._size = None
            yield Member(_name(block) if name is None else name, size)
        else:
            raise BadTar("a member of type %s where only files were asked for" % ascii(kind.decode("latin-1")))
        self._kind, self._left, self._skip = kind, size, -size % BLOCK
        if not size:
            yield from self._complete()

    def _complete(self) -> Iterator[Told]:
        kind, self._kind = self._kind, b""
        if kind == b"0":
            yield WHOLE
        elif kind == b"T":
            try:
                about = json.loads(bytes(self._meta).decode("utf-8"))
            except (ValueError, RecursionError):
                raise BadTar("a note that is no JSON") from None
            if not isinstance(about, dict):
                raise BadTar("a note that is no object")
            yield Note(about)
        elif kind == b"L":
            self._path = _text(bytes(self._meta).split(b"\0")[0])
        elif kind == b"x":
            self._take_records(bytes(self._meta))

    def _take_records(self, data: bytes) -> None:
        while data:
            length, space, _ = data[:20].partition(b" ")
            if not space or not length.isdigit() or not len(length) + 3 <= int(length) <= len(data):
                raise BadTar("an extended header that cannot be read")
            key, sign, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
            data = data[int(length) :]
            if key == b"path" and sign:
                self._path = _text(value)
            elif key == b"size" and sign:
                self._size = _decimal(value)


def _number(field: bytes) -> int:
    """A number of a header: octal, or (for large ones, as GNU tar does) binary."""
    if field[:1] == b"\x80":
        return _bounded(int.from_bytes(field[1:], "big"))
    text = field.strip(b" \0")
    if not text:
        return 0
    if not text.isdigit() or b"8" in text or b"9" in text:
        raise BadTar("a header with a number that is none")
    return _bounded(int(text, 8))


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 20:
        raise BadTar("a size that is no number")
    return _bounded(int(text))


def _bounded(value: int) -> int:
    if value > _MOST_SIZE:
        raise BadTar("a size beyond all disks")
    return value


def _name(block: bytes) -> str:
    name, prefix = block[:100].split(b"\0")[0], block[345:500].split(b"\0")[0]
    return _text(prefix + b"/" + name if prefix and block[257:263] == b"ustar\0" else name)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
