"""Lines that somebody else made, to be scrolled through."""

from console.widgets.lines import Line, cut, padded
from console.widgets.scrolled import Scrolled


class ToldPane(Scrolled):
    """Shows what it is told."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told: list[Line] = []

    def show(self, lines: list[Line]) -> None:
        """Other lines."""
        self._told = lines
        self.rebuild()

    def build(self, width: int) -> list[Line]:
        return [padded(cut(line, width), width) for line in self._told]
