"""What is done to every line before the terminal gets it: plain characters, or no colours at all."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from console.glyphs import ascii_twin


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
