"""`--ascii` on the screen: a plain character for every cell that is not ASCII."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from console.glyphs import ascii_twin


class AsciiOnly(LineFilter):
    """Applied to every line on its way to the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_twin(text), style, control) for text, style, control in segments]
