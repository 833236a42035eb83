"""Where something went wrong: tracebacks as whole blocks, and lines that a person should see. Pure."""

import re
from array import array
from collections.abc import Sequence

from console.logs.match import Matcher

TRACE = (
    r"Traceback \(most recent call last\)|Fatal Python error|^panic: |Segmentation fault|terminate called after"
    r"|^thread '.*' panicked"
)
_NEEDLES = (b"Traceback (most", b"Fatal Python", b"panic", b"Segmentation fault", b"terminate called")  # one is in each
_ALARM = re.compile(r"(?i:\b(?:error|exception|traceback|fatal|failed|nan)\b)|\w(?:Error|Exception)\b")
_CHAIN = ("During handling of the above", "The above exception was")
MOST = 400  # lines of a block


class Traces(Matcher):
    """Finds where tracebacks and their like begin."""

    def __init__(self) -> None:
        super().__init__(TRACE)

    def ordinals(self, data: bytes) -> "array[int]":
        return super().ordinals(data) if any(needle in data for needle in _NEEDLES) else array("H")


def alarming(text: str) -> bool:
    """A line that a person should see."""
    return _ALARM.search(text[:2000]) is not None


def block_length(lines: Sequence[str]) -> int:
    """How many of these lines belong to the traceback that begins with the first; chained ones are one block."""
    if not lines:
        return 0
    begin = lines[0].find("Traceback (most recent")
    if begin < 0:
        return 1
    at = 1
    while at < len(lines):
        text = lines[at][begin:] if len(lines[at]) > begin else ""
        if text.startswith((" ", "\t")):
            at += 1
        elif text and "Traceback (most recent" not in text:  # the exception itself
            chained = _chained(lines, at + 1, begin)
            if chained is None:
                return at + 1
            at = chained
        else:
            break
    return at


def _chained(lines: Sequence[str], at: int, begin: int) -> int | None:
    """The line after the next traceback's first, when this one led to it. A message may have several lines."""
    for place in range(at, min(at + 20, len(lines))):
        text = lines[place][begin:]
        if text.startswith(_CHAIN):
            heads = [n for n in range(place + 1, min(place + 4, len(lines))) if "Traceback (most" in lines[n]]
            return heads[0] + 1 if heads else None
        if text.strip() and place > at:
            return None
    return None
