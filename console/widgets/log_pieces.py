"""A line of a log in pieces of (text, tone): cut by characters or cells, marked where something was found. Pure."""

from collections.abc import Sequence
from itertools import pairwise

from console.format import cell_len
from console.widgets.lines import Line, Span


def tones_of(names: str) -> str:
    """The tones of an ANSI look."""
    return " ".join(("text", *(f"ansi-{name}" for name in names.split()))) if names else "text"


def without(parts: Sequence[Span], characters: int) -> list[Span]:
    """The pieces without the first so many characters."""
    kept: list[Span] = []
    for text, tone in parts:
        if len(text) > characters:
            kept.append((text[characters:], tone))
        characters = max(0, characters - len(text))
    return kept


def marked(line: Line, places: Sequence[tuple[int, int]]) -> Line:
    """The line with what was found in it marked."""
    if not places:
        return line
    found: list[Span] = []
    at = 0
    for text, tone in line:
        cuts = sorted({0, len(text), *(min(max(0, n - at), len(text)) for place in places for n in place)})
        for low, high in pairwise(cuts):
            inside = any(start <= at + low < stop for start, stop in places)
            found.append((text[low:high], f"{tone} match" if inside else tone))
        at += len(text)
    return tuple(found)


def window(line: Line, left: int, width: int) -> Line:
    """The cells of a line from `left` on; half a wide character becomes a space."""
    found: list[Span] = []
    right = left + width
    at = 0
    for text, tone in line:
        wide = len(text) if text.isascii() else cell_len(text)
        if at + wide > left and at < right:
            low, high = max(0, left - at), min(wide, right - at)
            found.append((text[low:high] if text.isascii() else _cells(text, low, high), tone))
        at += wide
        if at >= right:
            break
    return tuple(found)


def _cells(text: str, low: int, high: int) -> str:
    found: list[str] = []
    at = 0
    for character in text:
        wide = cell_len(character)
        if at >= low and at + wide <= high:
            found.append(character)
        elif wide > 1 and at < high and at + wide > low:
            found.append(" " * (min(high, at + wide) - max(low, at)))
        at += wide
        if at >= high and wide:
            break
    return "".join(found)
