"""The workers table. The cursor stays on its worker, wherever its row goes; tags mark those that an action is for."""

from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.fleet.cells import WorkerRow
from console.glyphs import GLYPHS, forgotten, glyph
from console.widgets.columns import Column, at_cell, cells, choose, ordered, titles
from console.widgets.lines import UNMADE, Line, Lines, padded, width_of
from console.widgets.worker_columns import STATE, catalogue, worker_columns
from console.widgets.worker_orders import Gpus
from console.widgets.worker_words import BROKEN, message

Worker = tuple[str, str]  # worker, host: what a row is known by
_MARKS = 4  # cells before the first column


def identity(row: WorkerRow) -> Worker:
    """What a row is known by while everything else in it changes."""
    return (row.worker, row.host)


class WorkersTable(Lines):
    """Rows in; the selected row out."""

    head = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next worker", show=False),
        Binding("k,up", "move(-1)", "previous worker", show=False),
        Binding("g,home", "move(-100000)", "first worker", show=False),
        Binding("G,end", "move(100000)", "last worker", show=False),
        Binding("pagedown", "page(1)", "a page down", show=False),
        Binding("pageup", "page(-1)", "a page up", show=False),
    ]

    class Selected(Message):
        """The cursor is on another worker."""

    class Opened(Message):
        """A worker was chosen to be looked at."""

    class Headed(Message):
        """A column's head was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chosen: tuple[str, ...] = ()
        self._sort, self._downward = "", False
        self._gpus: Gpus = {}
        self._wide: dict[str, int] = {}  # the widest that a column was since the last resize: it does not shrink again
        self._given: tuple[WorkerRow, ...] = ()
        self._all: tuple[WorkerRow, ...] = ()
        self._rows: tuple[WorkerRow, ...] = ()
        self._at: Worker | None = None
        self._place = 0
        self._tags: frozenset[Worker] = frozenset()
        self._empty = ""
        self._found: tuple[tuple[object, ...], list[Column[WorkerRow]]] | None = None
        self._columns: list[Column[WorkerRow]] = []

    def put_in_order(self, columns: tuple[str, ...], sort: str, *, downward: bool) -> None:
        """Which columns, and the order of the rows."""
        if (columns, sort, downward) == (self._chosen, self._sort, self._downward):
            return
        self._chosen, self._sort, self._downward = columns, sort, downward
        self._wide.clear()
        self._found = None
        self._take(self._given)

    def show(
        self,
        rows: tuple[WorkerRow, ...],
        total: tuple[WorkerRow, ...],
        *,
        empty: str = "",
        gpus: Gpus | None = None,
    ) -> None:
        """New rows (after the filter), and all rows, which decide the columns, so that filtering does not move them."""
        held = gpus or {}
        if (rows, total, empty, held) == (self._given, self._all, self._empty, self._gpus):
            return
        self._all, self._empty, self._gpus = total, empty, held
        known = {identity(row) for row in total}
        self._tags = frozenset(worker for worker in self._tags if worker in known)
        self._take(rows)

    def _take(self, rows: tuple[WorkerRow, ...]) -> None:
        """Put the rows in order, the cursor on its worker."""
        before, self._given = self._at, rows
        self._rows = self._in_order(rows)
        self._settle()
        self.rebuild()
        if before != self._at:
            self._moved()

    def _in_order(self, rows: tuple[WorkerRow, ...]) -> tuple[WorkerRow, ...]:
        """By the column; of those that have no value there, the broken and the forgotten stand before the others."""
        column = catalogue(self._all, gpus=self._gpus).get(self._sort) if self._sort else None
        if column is None:
            return rows
        worst_first = sorted(rows, key=_trouble)
        return tuple(ordered(worst_first, column, downward=self._downward))

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns in sight."""
        return tuple(column.name for column in self._columns)

    @property
    def selected(self) -> WorkerRow | None:
        """The row under the cursor."""
        return self._rows[self._place] if self._place < len(self._rows) else None

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        """What an action is for: the tagged rows, or the one under the cursor."""
        tagged = tuple(row for row in self._all if identity(row) in self._tags)
        return tagged or ((self.selected,) if self.selected else ())

    @property
    def tags(self) -> int:
        """How many workers are tagged."""
        return len(self._tags)

    def untag(self) -> None:
        """No worker is tagged any more."""
        self._tags = frozenset()
        self.rebuild()

    def select(self, worker: str) -> None:
        """Put the cursor on a worker, if it is shown."""
        for place, row in enumerate(self._rows):
            if row.worker == worker:
                self._go(place)
                return

    def build(self, width: int) -> list[Line]:
        columns = self._columns = choose(self._wanted(), width - _MARKS)
        focus = "▌   " if self.has_focus else "    "
        head: Line = ((focus, "accent"), *titles(columns, self._sort, downward=self._downward))
        top = self.scroll_offset.y
        lines: list[Line] = [self._with_rest(padded(head, width), width_of(head))]
        in_sight = range(top, top + self.size.height)
        lines += [self.make(place + 1) if place in in_sight else UNMADE for place in range(len(self._rows))]
        if not self._rows:
            lines.append(padded(((f"    {self._empty}", "quiet"),), width))
        return lines

    def _wanted(self) -> list[Column[WorkerRow]]:
        """All columns that there could be; a cursor that moves changes none of them."""
        what = (self._all, self._chosen, self._gpus, self._sort)
        if self._found is not None and all(a is b for a, b in zip(self._found[0], what, strict=True)):
            return self._found[1]
        many = len({row.host for row in self._all}) > 1
        found = worker_columns(self._all, many_hosts=many, chosen=self._chosen, gpus=self._gpus)
        for place, column in enumerate(found):
            wide = self._wide[column.name] = max(column.width, self._wide.get(column.name, 0))
            rank = min(1, column.rank) if column.name == self._sort else column.rank
            found[place] = replace(column, width=wide, rank=rank)
        self._found = (what, found)
        return found

    def _with_rest(self, head: Line, used: int) -> Line:
        """At the end of the head, where there is room: the broken and forgotten rows that are out of sight below."""
        last = self.scroll_offset.y + self.size.height - self.head
        below = self._rows[last:]
        broken, planned = sum(row.state.name in BROKEN for row in below), sum(forgotten(row.state) for row in below)
        if not (broken or planned):
            return head
        words = " ".join(
            f"{GLYPHS[name][0]}{count}" for name, count in (("failed", broken), ("planned", planned)) if count
        )
        tail: Line = ((f" ↓ {words}", "warn"),)
        room = self.line_width - used
        return head if room < width_of(tail) + 1 else (*padded(head, self.line_width - width_of(tail)), *tail)

    def make(self, index: int) -> Line:
        place = index - self.head
        row = self._rows[place]
        sign, tone = glyph(row.state)
        cursor = "›" if place == self._place else " "
        tag = "+" if identity(row) in self._tags else " "
        text = message(row, selected=place == self._place)
        after = max([column.name for column in self._columns].index(STATE) + 1, 1)
        body = cells(self._columns, row, message=text, after=after)
        return padded(((cursor, "accent"), (tag, "accent"), (f"{sign} ", tone), *body), self.line_width)

    def line_tone(self, index: int) -> str:
        if index and index - 1 == self._place and self._rows:
            return "cursor" if self.has_focus else "cursor-away"
        return ""

    def on_resize(self) -> None:
        self._wide.clear()
        self._found = None
        super().on_resize()
        self._into_view()

    def action_move(self, by: int) -> None:
        self._go(self._place + by)

    def action_page(self, by: int) -> None:
        self._go(self._place + by * max(1, self.size.height - self.head))

    def action_tag(self) -> None:
        if self.selected is not None:
            self._tags ^= {identity(self.selected)}
            self.rebuild()
            self._go(self._place + 1)
            self._moved()

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y - self.head
        if event.y < self.head and event.x >= _MARKS:
            self.post_message(self.Headed(at_cell(self._columns, event.x - _MARKS)))
        if event.y >= self.head and 0 <= place < len(self._rows):
            self._go(place)
            if event.chain == 2:
                self.post_message(self.Opened())

    def _go(self, place: int) -> None:
        place = max(0, min(place, len(self._rows) - 1))
        if place == self._place or not self._rows:
            return
        old, self._place = self._place, place
        self._at = identity(self._rows[place])
        self.rebuild()
        self.redraw(old + self.head)
        self.redraw(place + self.head)
        self._into_view()
        self._moved()

    def _settle(self) -> None:
        """Find the worker that the cursor was on; if it is gone, the cursor stays at its place."""
        places = {identity(row): place for place, row in enumerate(self._rows)}
        here = max(0, min(self._place, len(self._rows) - 1))
        place = places.get(self._at, here) if self._at is not None else here
        if place != self._place:
            self._strips.clear()
            self.refresh()
        self._place = place
        self._at = identity(self._rows[place]) if self._rows else self._at

    def _into_view(self) -> None:
        top, height = self.scroll_offset.y, self.size.height - self.head
        if self._place < top:
            self.scroll_to(y=self._place, animate=False)
        elif self._place >= top + height:
            self.scroll_to(y=self._place - height + 1, animate=False)

    def _moved(self) -> None:
        self.post_message(self.Selected())


def _trouble(row: WorkerRow) -> int:
    return 0 if row.state.name in BROKEN else 1 if forgotten(row.state) else 2
