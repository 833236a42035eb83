"""What a person looks for in a log: a regular expression, or all that has none. No pattern can hold up the console.

The engine is the package `regex`: it lets other threads run while it searches, and gives up after a time. A chunk of
plain ASCII is searched whole, a line is looked at only where something was found; anything else goes line by line, as
it is shown. A pattern without capitals finds both cases.
"""

import re
from array import array
from contextlib import suppress
from math import prod

import regex

from console.plain import plain

LINE_S, CHUNK_S, MARK_S = 0.02, 0.25, 0.005  # what a line, a chunk, and marking what is in sight may cost
_PRINTABLE = bytes(range(32, 127)) + b"\n"
_AROUND = re.compile(r"\(\?(?!:|P<)|[*+?}]\+|\\[AZzGKRX\n]|\n")  # what a line end may change: only line by line
_REPEATS = re.compile(r"\{\s*(\d*)\s*,?\s*(\d*)\s*\}")
_MOST_REPEATS = 100_000
_LONGEST = 500
_GIVE_UP = 40  # lines too hard for it
_UNMARKED = 5


class Bad(ValueError):
    """Not a pattern; the text says why."""


class Matcher:
    """Tells lines that are wanted. `!` before the pattern: those that are not."""

    def __init__(self, text: str, *, invert: bool = False) -> None:
        self.text = text
        self.invert = invert != text.startswith("!")
        pattern = text.removeprefix("!")
        flags = _flags(pattern)
        try:
            self._words = regex.compile(pattern, flags)
            self._bytes = regex.compile(pattern.encode(), flags | regex.MULTILINE) if pattern.isascii() else None
        except (regex.error, RecursionError, OverflowError, ValueError) as error:
            raise Bad(str(error)) from None
        self._whole = self._bytes is not None and not _AROUND.search(pattern)
        self._unmarked = 0  # lines on which marking took too long
        self.given_up = 0  # lines on which it took too long

    @property
    def hopeless(self) -> bool:
        """It takes too long on too many lines: nothing more is looked at."""
        return self.given_up >= _GIVE_UP

    def __call__(self, raw: bytes) -> bool:
        """A line is wanted."""
        if self.hopeless:
            return False
        odd = raw.translate(None, _PRINTABLE)
        try:
            if odd or self._bytes is None:
                text = plain(raw.decode("utf-8", "replace"))
                found = self._words.search(text, timeout=LINE_S) is not None
            else:
                found = self._bytes.search(raw, timeout=LINE_S) is not None
        except TimeoutError:
            self.given_up += 1
            return False
        return found != self.invert

    def ordinals(self, data: bytes) -> "array[int]":
        """Which lines of a chunk are wanted."""
        if self._whole and not data.translate(None, _PRINTABLE):
            with suppress(TimeoutError):  # which line is too hard is found out line by line
                return self._search(data)
        return array("H", [n for n, raw in enumerate(data.split(b"\n")) if self(raw)])

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in a shown line it is found, for colouring."""
        if self.invert or self._unmarked >= _UNMARKED:
            return []
        try:
            found = self._words.finditer(text, timeout=MARK_S)
            return [span for item in found if (span := item.span())[0] < span[1]]
        except TimeoutError:
            self._unmarked += 1
            return []

    def _search(self, data: bytes) -> "array[int]":
        assert self._bytes is not None
        found = array("H")
        number = begin = 0
        while (item := self._bytes.search(data, begin, timeout=CHUNK_S, concurrent=True)) is not None:
            start = data.rfind(b"\n", begin, item.start()) + 1 or begin
            end = data.find(b"\n", start)
            number += data.count(b"\n", begin, start)
            if self(data[start:] if end < 0 else data[start:end]) != self.invert:
                found.append(number)
            if end < 0:
                break
            number, begin = number + 1, end + 1
        if not self.invert:
            return found
        taken = set(found)
        return array("H", [n for n in range(data.count(b"\n") + 1) if n not in taken])


def _flags(pattern: str) -> int:
    """How to compile it; `Bad` when that alone could take all memory."""
    if len(pattern) > _LONGEST:
        raise Bad(f"longer than {_LONGEST} characters")
    counts = [_count(most or least) for least, most in _REPEATS.findall(pattern)]
    if prod(counts) > _MOST_REPEATS:
        raise Bad("repeats too often")
    return int(regex.VERSION0) | (int(regex.IGNORECASE) if pattern == pattern.lower() else 0)


def _count(digits: str) -> int:
    return max(1, int(digits or 1)) if len(digits) < 9 else _MOST_REPEATS + 1
