"""What is done to every line before the terminal gets it: plain characters, or no colours at all."""

from collections.abc import Sequence
from functools import lru_cache

from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from console.glyphs import ascii_twin


def looks(own: Sequence[LineFilter], *, ascii: bool, colours: bool, ansi: bool) -> list[LineFilter]:
    """What is to be done, in this order; `own` are the library's filters."""
    found: list[LineFilter] = [*own] if colours else [Colourless()]
    if ansi and colours:
        found.append(Sixteen())
    return [*found, *([AsciiOnly()] if ascii else [])]


class AsciiOnly(LineFilter):
    """A plain character for every cell that is not ASCII: `--ascii`."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_twin(text), style, control) for text, style, control in segments]


class Colourless(LineFilter):
    """Bold, underlined and reversed text, and not a single code of a colour: `NO_COLOR`."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, _plain(style) if style else style, control) for text, style, control in segments]


@lru_cache(1024)
def _plain(style: Style) -> Style:
    return Style(bold=style.bold, dim=style.dim, italic=style.italic, underline=style.underline, reverse=style.reverse)


class Sixteen(LineFilter):
    """Only the terminal's own colours: the nearest of them where a library's widget mixes one of its own."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, _nearest(style) if style else style, control) for text, style, control in segments]


@lru_cache(1024)
def _nearest(style: Style) -> Style:
    mixed = [colour for colour in (style.color, style.bgcolor) if colour is not None and colour.triplet is not None]
    if not mixed:
        return style
    near = [colour.downgrade(ColorSystem.STANDARD) if colour else None for colour in (style.color, style.bgcolor)]
    return style + Style.from_color(*near)
