"""A list of lines with a cursor that stays on its line's key, wherever that goes: what forms and lists are made of."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.widgets.lines import Line, Lines, padded


class Row(NamedTuple):
    """`key` None: a line that is only read."""

    key: str | None
    line: Line


class Listing(Lines):
    """Rows in, the key under the cursor out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", show=False),
        Binding("k,up", "move(-1)", "previous", show=False),
        Binding("g,home", "move(-100000)", "first", show=False),
        Binding("G,end", "move(100000)", "last", show=False),
        Binding("pagedown", "page(1)", "a page down", show=False),
        Binding("pageup", "page(-1)", "a page up", show=False),
        Binding("enter", "open", "choose", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """A row was chosen."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._at: str | None = None

    def show(self, rows: Sequence[Row]) -> None:
        """Other rows; the cursor stays on its key, else at its place."""
        place = self._place
        self._rows = tuple(rows)
        if self._at not in self._keys:
            self._at = self._near(place)
        self.rebuild()
        self._into_view()

    @property
    def at(self) -> str | None:
        """The key under the cursor."""
        return self._at

    def go(self, key: str) -> None:
        """The cursor onto a key, if it is there."""
        if key in self._keys and key != self._at:
            self._at = key
            self.look_changed()
            self._into_view()
            self.post_message(self.Moved())

    def build(self, width: int) -> list[Line]:
        lines = []
        for row in self._rows:
            mark = "›" if row.key is not None and row.key == self._at else " "
            lines.append(padded(((mark, "accent"), *row.line), width))
        return lines

    def line_tone(self, index: int) -> str:
        if index < len(self._rows) and self._rows[index].key is not None and self._rows[index].key == self._at:
            return "cursor" if self.has_focus else "cursor-away"
        return ""

    def action_move(self, by: int) -> None:
        keys = self._keys
        if keys:
            place = keys.index(self._at) if self._at in keys else 0
            self.go(keys[max(0, min(place + by, len(keys) - 1))])
            if place + by < 0 or by < -1:
                self.scroll_to(y=0, animate=False)  # what stands above the first one

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height - 1))

    def action_open(self) -> None:
        if self._at is not None:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y
        if 0 <= place < len(self._rows) and (key := self._rows[place].key) is not None:
            again = key == self._at
            self.go(key)
            if again or event.chain == 2:
                self.action_open()

    @property
    def _keys(self) -> list[str]:
        return [row.key for row in self._rows if row.key is not None]

    @property
    def _place(self) -> int:
        return next((n for n, row in enumerate(self._rows) if row.key is not None and row.key == self._at), 0)

    def _near(self, place: int) -> str | None:
        known = [(abs(n - place), row.key) for n, row in enumerate(self._rows) if row.key is not None]
        return min(known, key=lambda item: item[0])[1] if known else None

    def _into_view(self) -> None:
        top, height, place = self.scroll_offset.y, self.size.height, self._place
        if height and place < top:
            self.scroll_to(y=place, animate=False)
        elif height and place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False)
