"""The items of a picker that the typed words leave: the cursor on one, those that are chosen marked, or numbered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual import events

from console import format as fmt
from console.plain import plain
from console.widgets.lines import Line, Lines, cut, padded

Ticks = Literal["one", "some", "order"]  # one is taken; several are ticked; several stand in an order
_WIDEST = 40  # cells of a name


@dataclass(frozen=True, slots=True)
class Item:
    """Something to choose; `key` when it is known by something else than its name."""

    name: str
    tell: str = ""
    key: str | None = None

    @property
    def known(self) -> str:
        """What it is known by."""
        return self.name if self.key is None else self.key


class PickList(Lines):
    """`chosen` is what the items are known by, in their order."""

    can_focus = False

    def __init__(self, items: Sequence[Item], chosen: Sequence[str], ticks: Ticks, entry: int = 0) -> None:
        super().__init__(id="pick-list")
        self.items, self.chosen, self._ticks = list(items), list(chosen), ticks
        self._entry = entry  # the place that the next one gets
        self._typed: list[str] = []
        self._at = next((place for place, item in enumerate(items) if ticks == "one" and item.known in chosen), 0)
        self._wide = min(_WIDEST, max((fmt.cell_len(plain(item.name)) for item in items), default=0))

    @property
    def matching(self) -> list[Item]:
        """Those with all that was typed in their name, blanks or not; if none has it, in what is told of them."""
        named = [item for item in self.items if all(word in _bare(item.name) for word in self._typed)]
        return named or [item for item in self.items if all(word in _bare(item.tell) for word in self._typed)]

    @property
    def at(self) -> Item | None:
        """The one under the cursor."""
        found = self.matching
        return found[min(self._at, len(found) - 1)] if found else None

    def narrow(self, text: str) -> None:
        """Only those that match."""
        self._typed, self._at = [_bare(word) for word in text.split()], 0
        self.look_changed()

    def move(self, by: int) -> None:
        """The cursor up or down."""
        self._at = max(0, min(self._at + by, len(self.matching) - 1))
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._at < top or self._at >= top + height:
            self.scroll_to(y=self._at if self._at < top else self._at - height + 1, animate=False)
        self.look_changed()

    def tick(self) -> None:
        """In or out."""
        if self.at is not None:
            self._put(self.at.known, self.at.known not in self.chosen)
            self.look_changed()

    def tick_all(self) -> None:
        """All that match; when they are chosen already, none of them."""
        found = [item.known for item in self.matching]
        wanted = not all(known in self.chosen for known in found)
        for known in found:
            self._put(known, wanted)
        self.look_changed()

    def shift(self, by: int) -> None:
        """Earlier or later among the chosen."""
        if self.at is None or self.at.known not in self.chosen:
            return
        place = self.chosen.index(self.at.known)
        other = max(0, min(place + by, len(self.chosen) - 1))
        self.chosen.insert(other, self.chosen.pop(place))
        self.look_changed()

    def build(self, width: int) -> list[Line]:
        return [padded(cut(self._line(item), width), width) for item in self.matching] or [
            padded(((" nothing of that name", "quiet"),), width)
        ]

    def line_tone(self, index: int) -> str:
        found = self.matching
        return "cursor" if index < len(found) and found[index] is self.at else ""

    def on_click(self, event: events.Click) -> None:
        self.move(event.y + self.scroll_offset.y - self._at)
        if self._ticks != "one":
            self.tick()

    def _put(self, known: str, wanted: bool) -> None:
        if not wanted and known in self.chosen:
            self.chosen.remove(known)
        elif wanted and known not in self.chosen:
            self.chosen.insert(max(0, min(self._entry, len(self.chosen))), known)
            self._entry += 1

    def _line(self, item: Item) -> Line:
        place = self.chosen.index(item.known) + 1 if item.known in self.chosen else 0
        number = f"{place or '':>3} " if self._ticks == "order" else " "
        return (
            ("›" if item is self.at else " ", "accent"),
            (f"{number}{'✓' if place else ' '} ", "good"),
            (fmt.fit(plain(item.name), self._wide), "strong" if place else "text"),
            (f"  {plain(item.tell)}", "quiet"),
        )


def _bare(text: str) -> str:
    return text.replace(" ", "").casefold()
