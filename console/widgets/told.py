"""Lines that somebody else made, to be scrolled through."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.widgets.lines import Line, Lines, cut, padded


class ToldPane(Lines):
    """Shows what it is told."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "down", show=False),
        Binding("k,up", "scroll_up", "up", show=False),
        Binding("g,home", "scroll_home", "first", show=False),
        Binding("G,end", "scroll_end", "last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told: list[Line] = []

    def show(self, lines: list[Line]) -> None:
        """Other lines."""
        self._told = lines
        self.rebuild()

    def build(self, width: int) -> list[Line]:
        return [padded(cut(line, width), width) for line in self._told]
