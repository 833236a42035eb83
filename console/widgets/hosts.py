"""The hosts table: one dense line a host."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.fleet.cells import HostRow
from console.glyphs import link
from console.widgets.columns import GAP, cells, choose, titles
from console.widgets.host_columns import host_columns, host_message, host_tail
from console.widgets.lines import Line, Lines, cut, padded, width_of

_MARKS = 4  # cells before the first column
_WORTH = 12  # cells in which a remark still says something


class HostsTable(Lines):
    """Rows in, lines out."""

    head = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "down", show=False),
        Binding("k,up", "scroll_up", "up", show=False),
        Binding("g,home", "scroll_home", "first", show=False),
        Binding("G,end", "scroll_end", "last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[HostRow, ...] = ()

    def show(self, rows: tuple[HostRow, ...]) -> None:
        """New rows."""
        if rows != self._rows:
            self._rows = rows
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        columns = choose(host_columns(self._rows), width - _MARKS - self._room_for_tails(width))
        focus = "▌   " if self.has_focus else "    "
        lines: list[Line] = [((focus, "accent"), *titles(columns))]
        for row in self._rows:
            sign, tone = link(row.phase)
            marks: Line = (("  ", "text"), (f"{sign} ", tone))
            message = host_message(row)
            line: Line = (*marks, *cells(columns, row, message=message, after=1))
            tail = host_tail(row) if not message else ()
            left = width - width_of(line) - GAP
            if tail and left >= min(_WORTH, width_of(tail)):
                line = (*line, (" " * GAP, "text"), *cut(tail, left))
            elif tail and row.phase != "connected":
                line = (*marks, *cells(columns, row, message=tail, after=1))
            lines.append(padded(line, width))
        return lines

    def _room_for_tails(self, width: int) -> int:
        """Cells kept free behind the figures, so that what a person should look at is not cut."""
        urgent = [width_of(host_tail(row)) + GAP for row in self._rows if row.phase != "connected" or row.advice]
        return min(max(urgent, default=0), width // 4)
