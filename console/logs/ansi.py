"""A raw line as what is shown of it: text that cannot steer a terminal, in named colours.

Of all control sequences only colours and weights (SGR) have an effect, and that only by name: `red`, not whatever a
terminal shows for it; a theme decides how it looks, so that no log can write grey on grey. A background becomes the
colour reversed. The rest is taken out or made visible by `console.plain`.
"""

import re
from collections.abc import Sequence

from console.plain import last_state, plain

Span = tuple[str, str]  # text, names of what it looks like: "red bold"
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_SGR = re.compile(r"(?:\x1b\[|\x9b)([\d;:]{0,64})m")
_WEIGHTS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",)}
_HUES = {"red": (255, 60, 60), "green": (60, 200, 60), "yellow": (220, 200, 60), "blue": (70, 110, 255)}
_HUES |= {"magenta": (210, 80, 210), "cyan": (60, 200, 210)}


def decoded(raw: bytes) -> str:
    """Bytes that are no UTF-8 become a sign."""
    return raw.decode("utf-8", "replace")


def shown(raw: bytes) -> str:
    """The text alone."""
    return plain(decoded(raw))


def spans(raw: bytes) -> list[Span]:
    """The text in pieces of one look each. Their texts together are `shown`."""
    text = decoded(raw)
    if "\x1b" not in text and "\x9b" not in text:
        return [(plain(text), "")]
    whole = plain(text)
    before, text = last_state(text)
    look = Look()
    for found in _SGR.finditer(before):
        look.take(found[1])
    parts: list[Span] = []
    place = 0
    for found in _SGR.finditer(text):
        parts.append((text[place : found.start()], look.names))
        look.take(found[1])
        place = found.end()
    parts.append((text[place:], look.names))
    pieces = [(plain(piece), names) for piece, names in parts if piece]
    if "".join(piece for piece, _ in pieces) != whole:  # tabs, backspaces or a sequence across a colour: text is right
        return [(whole, "")]
    return [piece for piece in pieces if piece[0]]


class Look:
    """What the sequences so far add up to."""

    def __init__(self) -> None:
        self._on: set[str] = set()
        self._colour = self._under = ""

    @property
    def names(self) -> str:
        """Colour first, then weights."""
        colour = self._under or self._colour
        on = self._on ^ {"reverse"} if self._under else self._on
        return " ".join(name for name in (colour, *sorted(on)) if name)

    def take(self, codes: str) -> None:
        """One sequence's numbers."""
        numbers = [int(part[:4] or 0) for part in re.split("[;:]", codes)]
        while numbers:
            self._one(numbers)

    def _one(self, numbers: list[int]) -> None:
        code = numbers.pop(0)
        if code == 0:
            self._on, self._colour, self._under = set(), "", ""
        elif code in _WEIGHTS:
            self._on.add(_WEIGHTS[code])
        elif code in _OFF:
            self._on.difference_update(_OFF[code])
        elif 30 <= code <= 37 or 90 <= code <= 97:
            self._colour = "grey" if code == 90 else COLOURS[code % 10]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            self._under = COLOURS[code % 10]
        elif code in (38, 48):
            name = _extended(numbers)
            if code == 38:
                self._colour = name
            else:
                self._under = name
        elif code == 39:
            self._colour = ""
        elif code == 49:
            self._under = ""


def _extended(numbers: list[int]) -> str:
    """The name that comes nearest to one of 256 or 16 million colours."""
    kind = numbers.pop(0) if numbers else 0
    if kind == 5 and numbers:
        return _of_256(numbers.pop(0))
    if kind == 2 and len(numbers) >= 3:
        red, green, blue = (numbers.pop(0) for _ in range(3))
        return nearest((red, green, blue))
    numbers.clear()
    return ""


def _of_256(number: int) -> str:
    if number < 16:
        return "grey" if number == 8 else COLOURS[number % 8]
    if number >= 232:
        return nearest(((number - 232) * 10 + 8,) * 3)
    levels = (0, 95, 135, 175, 215, 255)
    cube = number - 16
    return nearest((levels[cube // 36 % 6], levels[cube // 6 % 6], levels[cube % 6]))


def nearest(rgb: Sequence[int]) -> str:
    """Of the names, the one that looks most like it."""
    if max(rgb) - min(rgb) < 40:
        return "white" if max(rgb) > 160 else "grey"
    strongest = max(1, *rgb)
    full = [value * 255 / strongest for value in rgb]
    return min(_HUES, key=lambda name: sum((a - b) ** 2 for a, b in zip(_HUES[name], full, strict=True)))
