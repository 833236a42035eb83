"""Lines that somebody else made: headings, notes, key hints."""

from collections.abc import Callable

from console.widgets.lines import Line, Lines, padded

Maker = Callable[[int], list[Line]]  # width → lines


class Block(Lines, can_focus=False):
    """Shows what a function makes of its width. `tall` sets its height to the number of lines."""

    def __init__(self, make: Maker | None = None, *, id: str | None = None, tall: bool = False) -> None:
        super().__init__(id=id)
        self._make: Maker = make or (lambda width: [])
        self._tall = tall
        if tall:
            self.display = False
        self.tall = 0  # lines that it takes, when it sets its own height

    def show(self, make: Maker) -> None:
        """Another content."""
        self._make = make
        self.rebuild()

    def rebuild(self) -> None:
        if self._tall and not self.display:  # hidden, it has no width of its own: its screen's will do
            self._fit(self._make(self.screen.size.width))
        super().rebuild()

    def build(self, width: int) -> list[Line]:
        lines = [padded(line, width) for line in self._make(width)]
        if self._tall:
            self._fit(lines)
        return lines

    def _fit(self, lines: list[Line]) -> None:
        if len(lines) != self.tall:
            self.tall = len(lines)
            self.styles.height = len(lines)
            self.display = bool(lines)
