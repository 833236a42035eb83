"""A list of things that take a line or more each, the cursor on one: what is to mend, what a check found, sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.widgets.facts import folded
from console.widgets.lines import Line, Lines, cut, padded

_INDENT = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing: a line, what stands below it as (text, tone), what is copied of it, and what it is about."""

    head: Line
    below: tuple[tuple[str, str], ...] = ()
    copy: str = ""
    about: object = None


class ItemsPane(Lines):
    """Entries in; the selected one out. The cursor stays on its entry while others come and go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next", show=False),
        Binding("k,up", "move(-1)", "previous", show=False),
        Binding("g,home", "move(-100000)", "first", show=False),
        Binding("G,end", "move(100000)", "last", show=False),
        Binding("pagedown", "move(5)", "further down", show=False),
        Binding("pageup", "move(-5)", "further up", show=False),
    ]

    class Opened(Message):
        """An entry was chosen."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: tuple[Entry, ...] = ()
        self._empty = ""
        self._place = 0
        self._owner: list[int] = []  # of each line, the entry that it belongs to
        self._follows = False

    def show(self, entries: Sequence[Entry], empty: str = "", *, follow: bool = False) -> None:
        """What there is. `follow`: the cursor goes along with the newest, until somebody moves it."""
        new = tuple(entries)
        if (new, empty) == (self._entries, self._empty):
            return
        was_last = self._place >= len(self._entries) - 1
        chosen, self._follows = self.selected, follow
        self._entries, self._empty = new, empty
        places = {item.head: place for place, item in enumerate(new)}
        here = max(0, min(self._place, len(new) - 1))
        self._place = len(new) - 1 if follow and was_last and new else places.get(chosen.head, here) if chosen else here
        self.rebuild()
        self._into_view()

    @property
    def selected(self) -> Entry | None:
        """The entry under the cursor."""
        return self._entries[self._place] if self._place < len(self._entries) else None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them."""
        return self._entries

    def build(self, width: int) -> list[Line]:
        lines: list[Line] = []
        self._owner = []
        for place, item in enumerate(self._entries):
            cursor = "›" if place == self._place and self.has_focus else " "
            mine: list[Line] = [((cursor, "accent"), *item.head)]
            for text, tone in item.below:
                mine += [((" " * _INDENT + part, tone),) for part in folded(text, width - _INDENT - 1)]
            lines += [padded(cut(line, width), width) for line in mine]
            self._owner += [place] * len(mine)
        if not lines and self._empty:
            lines = [padded(((f"  {part}", "quiet"),), width) for part in folded(self._empty, width - 3)]
        return lines

    def line_tone(self, index: int) -> str:
        mine = self.has_focus and index < len(self._owner) and self._owner[index] == self._place
        return "cursor" if mine else ""

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        if line < len(self._owner):
            self._go(self._owner[line])
            if event.chain == 2:
                self.post_message(self.Opened())

    def action_move(self, by: int) -> None:
        self._go(self._place + by)

    def _go(self, place: int) -> None:
        self._place = max(0, min(place, len(self._entries) - 1))
        self.look_changed()
        self._into_view()

    def _into_view(self) -> None:
        if self._place not in self._owner:
            return
        first = self._owner.index(self._place)
        last = first + self._owner.count(self._place) - 1
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if first < top:
            self.scroll_to(y=first, animate=False)
        elif last >= top + height:
            self.scroll_to(y=min(first, last - height + 1), animate=False)
