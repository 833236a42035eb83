"""A table of runs: columns made elsewhere, sorted here by any of them. The cursor stays on its run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console import format as fmt
from console.plain import plain
from console.widgets.lines import Line, Lines, Span, padded

_NAME = 32  # most cells of the first column
_WIDEST = 24  # … of any other


@dataclass(frozen=True, slots=True)
class Column:
    """One value for each run, as text and as what it is sorted by (None: last in either direction)."""

    title: str
    texts: tuple[str, ...]
    values: tuple[Any, ...]
    to_right: bool = True


class RunsTable(Lines):
    """The first column stays; the others move below it when there is no room for all."""

    head = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next run", show=False),
        Binding("k,up", "move(-1)", "previous run", show=False),
        Binding("g,home", "move(-100000)", "first run", show=False),
        Binding("G,end", "move(100000)", "last run", show=False),
        Binding("pagedown", "page(1)", "a page down", show=False),
        Binding("pageup", "page(-1)", "a page up", show=False),
        Binding("o", "sort(1)", "sort by the next column", tooltip="sort by the next column", show=False),
        Binding("O", "turn", "turn the order", tooltip="from the other end", show=False),
        Binding("full_stop", "shift(1)", "columns right", tooltip="columns that find no room", show=False),
        Binding("comma", "shift(-1)", "columns left", tooltip="the columns before", show=False),
    ]

    class Selected(Message):
        """The cursor is on another run."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: tuple[str, ...] = ()
        self._marks: tuple[Span, ...] = ()
        self._columns: tuple[Column, ...] = ()
        self._order: list[int] = []
        self._at = ""
        self._sort, self._turned = 0, False
        self._first = 1
        self._empty = ""

    def show(self, keys: Sequence[str], marks: Sequence[Span], columns: Sequence[Column], *, empty: str = "") -> None:
        """One row for each key; `marks` stand before them. The first column names the runs."""
        new = (tuple(keys), tuple(marks), tuple(columns), empty)
        if new == (self._keys, self._marks, self._columns, self._empty):
            return
        titles = [column.title for column in self._columns]
        self._keys, self._marks, self._columns, self._empty = new
        if [column.title for column in columns] != titles:
            self._first = 1
            self._sort = min(self._sort, max(0, len(columns) - 1))
        self._settle()

    @property
    def selected(self) -> str | None:
        """The key under the cursor."""
        return self._at if self._at in self._keys else self._keys[self._order[0]] if self._order else None

    @property
    def sorted_keys(self) -> list[str]:
        """All keys as they stand below each other."""
        return [self._keys[place] for place in self._order]

    def build(self, width: int) -> list[Line]:
        if not self._columns:
            return []
        if not self._order:
            return [padded(((f"    {self._empty}", "quiet"),), width)]
        shown = self._fitting(width)
        head: list[Span] = [("▌    " if self.has_focus else "     ", "accent")]
        for place, wide in shown:
            column = self._columns[place]
            sign = ("↓" if self._turned else "↑") if place == self._sort else ""
            title = fmt.fit(plain(column.title), wide - len(sign)).rstrip() + sign
            head.append((fmt.right(title, wide) if column.to_right else fmt.fit(title, wide), "quiet"))
            head.append(("  ", "quiet"))
        beyond = len(self._columns) - shown[-1][0] - 1
        if beyond:
            head.append((f"›{beyond}", "quiet"))
        lines: list[Line] = [padded(tuple(head), width)]
        for row in self._order:
            cursor = "›" if self._keys[row] == self.selected else " "
            spans: list[Span] = [(cursor, "accent"), self._marks[row], (" ", "text")]
            for place, wide in shown:
                column = self._columns[place]
                text = plain(column.texts[row])
                text = fmt.right(text, wide) if column.to_right else fmt.fit(text, wide)
                spans += [(text, "text"), ("  ", "text")]
            lines.append(padded(tuple(spans), width))
        return lines

    def line_tone(self, index: int) -> str:
        if index and index <= len(self._order) and self._keys[self._order[index - 1]] == self.selected:
            return "cursor" if self.has_focus else "cursor-away"
        return ""

    def action_move(self, by: int) -> None:
        if self._order:
            keys = self.sorted_keys
            place = max(0, min(keys.index(self.selected or keys[0]) + by, len(keys) - 1))
            self._go(keys[place])

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height - self.head))

    def action_sort(self, by: int) -> None:
        self._sort = (self._sort + by) % max(1, len(self._columns))
        self._turned = False
        width = max(1, self.line_width)
        while self._sort and self._sort not in [place for place, _ in self._fitting(width)]:
            self._first = max(1, self._sort if self._sort < self._first else self._first + 1)
        self._settle()

    def action_turn(self) -> None:
        self._turned = not self._turned
        self._settle()

    def action_shift(self, by: int) -> None:
        self._first = max(1, min(self._first + by, len(self._columns) - 1))
        self.look_changed()

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y - self.head
        if event.y < self.head:
            left = 5
            for column, wide in self._fitting(self.line_width):
                if left <= event.x < left + wide + 2:
                    self._turned = column == self._sort and not self._turned
                    self._sort = column
                    self._settle()
                left += wide + 2
        elif place < len(self._order):
            self._go(self.sorted_keys[place])

    def _fitting(self, width: int) -> list[tuple[int, int]]:
        """Columns with their widths: the first, then as many as fit from the one that was shifted to."""
        widths = [
            min(
                _WIDEST if place else _NAME,
                max(fmt.cell_len(plain(column.title)) + 1, *(fmt.cell_len(plain(text)) for text in column.texts)),
            )
            for place, column in enumerate(self._columns)
        ]
        shown = [(0, min(widths[0], max(8, width // 3)))]
        left = width - shown[0][1] - 7 - 3
        for place in range(self._first, len(widths)):
            if widths[place] > left and len(shown) > 1:
                break
            shown.append((place, max(1, min(widths[place], left))))
            left -= widths[place] + 2
        return shown

    def _settle(self) -> None:
        column = self._columns[self._sort] if self._columns else None
        order = list(range(len(self._keys)))
        if column is not None:
            known = [row for row in order if _known(column.values[row])]
            numbers = all(isinstance(column.values[row], int | float) for row in known)
            known.sort(key=lambda row: column.values[row] if numbers else str(column.values[row]), reverse=self._turned)
            order = known + [row for row in order if not _known(column.values[row])]
        self._order = order
        self.look_changed()
        self._into_view()

    def _go(self, key: str) -> None:
        if key != self._at:
            self._at = key
            self.look_changed()
            self._into_view()
            self.post_message(self.Selected())

    def _into_view(self) -> None:
        keys, height = self.sorted_keys, self.size.height - self.head
        if self._at in keys and height > 0:
            place, top = keys.index(self._at), self.scroll_offset.y
            if place < top:
                self.scroll_to(y=place, animate=False)
            elif place >= top + height:
                self.scroll_to(y=place - height + 1, animate=False)


def _known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))
