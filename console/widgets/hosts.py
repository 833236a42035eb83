"""The hosts table: one dense line a host, the cursor on one; of many, those that are fine share one line."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console import format as fmt
from console.fleet.cells import HostRow
from console.glyphs import link
from console.widgets.columns import GAP, Column, cells, choose, titles
from console.widgets.host_columns import fine, fine_words, host_columns, host_message, host_tail
from console.widgets.lines import UNMADE, Line, Lines, cut, padded, width_of

_MARKS = 4  # cells before the first column
_WORTH = 12  # cells in which a remark still says something
FOLDED_FROM = 13  # hosts: from so many on those that are fine are one line, until somebody wants to see them


class HostsTable(Lines):
    """Rows in; the selected host out."""

    head = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next host", show=False),
        Binding("k,up", "move(-1)", "previous host", show=False),
        Binding("g,home", "move(-100000)", "first host", show=False),
        Binding("G,end", "move(100000)", "last host", show=False),
        Binding("pagedown", "page(1)", "a page down", show=False),
        Binding("pageup", "page(-1)", "a page up", show=False),
    ]

    class Opened(Message):
        """A host was chosen to be looked at."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all: tuple[HostRow, ...] = ()
        self._rows: tuple[HostRow, ...] = ()
        self._hidden: tuple[HostRow, ...] = ()  # behind the last line
        self._unfolded = False
        self._at: str | None = None
        self._place = 0
        self._wide: dict[str, int] = {}
        self._columns: list[Column[HostRow]] = []

    def show(self, rows: tuple[HostRow, ...]) -> None:
        """New rows."""
        if rows != self._all:
            self._all = rows
            self._take()

    @property
    def selected(self) -> HostRow | None:
        """The host under the cursor; None on the line of those that are fine."""
        return self._rows[self._place] if self._place < len(self._rows) else None

    @property
    def lines(self) -> int:
        """Lines that it has to show, without its head."""
        return len(self._rows) + bool(self._hidden)

    def fold(self) -> bool:
        """All hosts, or only those that need a look; whether there is anything to fold."""
        self._unfolded = not self._unfolded
        self._take()
        return len(self._all) >= FOLDED_FROM

    def _take(self) -> None:
        folded = len(self._all) >= FOLDED_FROM and not self._unfolded
        self._hidden = tuple(row for row in self._all if fine(row)) if folded else ()
        if len(self._hidden) < 2:
            self._hidden = ()
        self._rows = tuple(row for row in self._all if not fine(row)) if self._hidden else self._all
        places = {row.name: place for place, row in enumerate(self._rows)}
        here = max(0, min(self._place, self.lines - 1))
        place = places.get(self._at, here) if self._at is not None else here
        if place != self._place:
            self._strips.clear()
        self._place = place
        self._at = self.selected.name if self.selected else None
        self.rebuild()

    def build(self, width: int) -> list[Line]:
        found = host_columns(self._all)
        for place, column in enumerate(found):
            wide = self._wide[column.title] = max(column.width, self._wide.get(column.title, 0))
            found[place] = column.widened(wide)
        self._columns = columns = choose(found, width - _MARKS - self._room_for_tails(width))
        focus = "▌   " if self.has_focus else "    "
        lines: list[Line] = [padded(((focus, "accent"), *titles(columns)), width)]
        top = self.scroll_offset.y
        in_sight = range(top, top + self.size.height)
        lines += [self.make(place + 1) if place in in_sight else UNMADE for place in range(self.lines)]
        return lines

    def make(self, index: int) -> Line:
        place, width = index - self.head, self.line_width
        if place < len(self._rows):
            return self._line(self._rows[place], place, width)
        words: Line = ((self._cursor(place), "accent"), (" ● ", "text"), (fine_words(self._hidden), "text"))
        return padded(cut((*words, ("   Enter: show them", "quiet")), width), width)

    def line_tone(self, index: int) -> str:
        return "cursor" if index and index - 1 == self._place and self.has_focus else ""

    def on_resize(self) -> None:
        self._wide.clear()
        super().on_resize()
        self._into_view()

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y - self.head
        if event.y >= self.head and 0 <= place < self.lines:
            self._go(place)
            if event.chain == 2:
                self.post_message(self.Opened())

    def action_move(self, by: int) -> None:
        self._go(self._place + by)

    def action_page(self, by: int) -> None:
        self._go(self._place + by * max(1, self.size.height - self.head))

    def _go(self, place: int) -> None:
        place = max(0, min(place, self.lines - 1))
        if place == self._place or not self.lines:
            return
        old, self._place = self._place, place
        self._at = self.selected.name if self.selected else None
        self.rebuild()
        self.redraw(old + self.head)
        self.redraw(place + self.head)
        self._into_view()

    def _into_view(self) -> None:
        top, height = self.scroll_offset.y, self.size.height - self.head
        if self._place < top:
            self.scroll_to(y=self._place, animate=False)
        elif self._place >= top + height > top:
            self.scroll_to(y=self._place - height + 1, animate=False)

    def _cursor(self, place: int) -> str:
        return "›" if place == self._place and self.has_focus else " "

    def _line(self, row: HostRow, place: int, width: int) -> Line:
        sign, tone = link(row.phase)
        marks: Line = ((self._cursor(place), "accent"), (" ", "text"), (f"{sign} ", tone))
        message = host_message(row)
        line: Line = (*marks, *cells(self._columns, row, message=message, after=1))
        tail = host_tail(row) if not message else ()
        left = width - width_of(line) - GAP
        if tail and left >= min(_WORTH, width_of(tail)):
            line = (*line, (" " * GAP, "text"), *cut(tail, left))
        elif tail and row.phase != "connected":
            line = (*marks, *cells(self._columns, row, message=tail, after=1))
        return padded(line, width)

    def _room_for_tails(self, width: int) -> int:
        """Cells kept free behind the figures, so that what a person should look at is not cut."""
        urgent = [
            fmt.cell_len("".join(text for text, _ in host_tail(row))) + GAP for row in self._rows if not fine(row)
        ]
        return min(max(urgent, default=0), width // 4)
