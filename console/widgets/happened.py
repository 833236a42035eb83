"""What happened in the fleet, newest first, with the names of workers and hosts."""

from collections.abc import Sequence

from console import format as fmt
from console.glyphs import GLYPHS, LINKS
from console.happened import Happened
from console.plain import plain
from console.widgets.facts import details
from console.widgets.lines import UNMADE, Line, cut, padded
from console.widgets.scrolled import Scrolled

_NAME = 16  # cells of a name
_LOUD = frozenset({"failed", "killed", "out of memory", "vanished", "error"})


class HappenedPane(Scrolled):
    """Everything that happened lately."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._items: Sequence[Happened] = ()

    def show(self, items: Sequence[Happened]) -> None:
        """What there is to tell; the reader's place stays with what is read."""
        if items == self._items:
            return
        top = self.scroll_offset.y
        first = self._items[top] if 0 < top < len(self._items) else None
        self._items = items
        self._lines = []
        self.rebuild()
        if first is not None and first in items:
            self.scroll_to(y=list(items).index(first), animate=False)

    def build(self, width: int) -> list[Line]:
        if not self._items:
            return [padded(((" Nothing has happened yet.", "quiet"),), width)]
        return [UNMADE] * len(self._items)

    def make(self, index: int) -> Line:
        return padded(cut(happened_line(self._items[index]), self.line_width), self.line_width)


def happened_line(item: Happened) -> Line:
    """When, who, what, and the rest."""
    when = fmt.clock(item.time) if item.time else "--:--:--"
    name = str(item.more.get("state", item.what))
    sign, tone = (
        GLYPHS.get(name) or LINKS.get(name) or ("✗" if name in _LOUD else " ", "bad" if name in _LOUD else "text")
    )
    text = details(item.more)
    return (
        (f" {when}  ", "quiet"),
        (fmt.fit(plain(item.who), _NAME), "strong"),
        (f" {sign} ", tone),
        (plain(item.what), tone if tone in ("bad", "warn") else "text"),
        (f"  {plain(text)}", "quiet"),
    )
