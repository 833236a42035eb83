"""Choosing from a list that is filtered by typing: one item, or several that are ticked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console import format as fmt
from console.plain import plain
from console.widgets.lines import Line, Lines, cut, padded


@dataclass(frozen=True, slots=True)
class Item:
    """Something to choose: what it is known by, its name, what is told of it."""

    key: str
    name: str
    note: str = ""


class Typed(Input):
    """The words; the space bar ticks, it is no letter of a name."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class ItemList(Lines, can_focus=False):
    """The items that the typed words leave."""

    def __init__(self, items: Sequence[Item], ticked: set[str] | None) -> None:
        super().__init__(id="picker-list")
        self._items, self.ticked = tuple(items), ticked
        self.found = self._items
        self.at = 0

    def filter(self, typed: str) -> None:
        """Those that have every typed word in their name or note."""
        words = typed.lower().split()
        self.found = tuple(
            item for item in self._items if all(word in f"{item.name} {item.note}".lower() for word in words)
        )
        self.move(0)

    def move(self, by: int) -> None:
        self.at = max(0, min(self.at + by, len(self.found) - 1))
        self.look_changed()
        self.scroll_to(y=max(0, self.at - self.size.height // 2), animate=False)

    def tick(self) -> None:
        if self.ticked is not None and self.found:
            self.ticked ^= {self.found[self.at].key}
            self.look_changed()

    def tick_all(self) -> None:
        """All that are in the list; when they are ticked already, none of them."""
        if self.ticked is not None:
            keys = {item.key for item in self.found}
            self.ticked = self.ticked - keys if keys <= self.ticked else self.ticked | keys
            self.look_changed()

    def build(self, width: int) -> list[Line]:
        wide = min(width // 2, max((fmt.cell_len(plain(item.name)) for item in self._items), default=0))
        lines: list[Line] = []
        for place, item in enumerate(self.found):
            mark = "" if self.ticked is None else "[x] " if item.key in self.ticked else "[ ] "
            cursor = "›" if place == self.at else " "
            line: Line = (
                (f" {cursor} {mark}", "accent"),
                (fmt.fit(plain(item.name), wide), "text"),
                (f"  {plain(item.note)}", "quiet"),
            )
            lines.append(padded(cut(line, width), width))
        return lines or [padded((("   nothing matches", "quiet"),), width)]

    def line_tone(self, index: int) -> str:
        return "cursor" if index == self.at and self.found else ""

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y
        if place < len(self.found):
            self.move(place - self.at)
            self.tick()


class Picker(ModalScreen[tuple[str, ...] | None]):
    """Ends with the keys that were chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "cancel", tooltip="everything stays as it was"),
        Binding("enter", "choose", "choose", priority=True),
        Binding("up", "move(-1)", "up", show=False, priority=True),
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("pageup", "move(-10)", "up", show=False, priority=True),
        Binding("pagedown", "move(10)", "down", show=False, priority=True),
        Binding("space", "tick", "tick", show=False, priority=True),
        Binding("ctrl+a", "tick_all", "all or none", show=False, priority=True),
    ]

    def __init__(self, title: str, items: Sequence[Item], ticked: set[str] | None = None) -> None:
        super().__init__()
        self._title, self._list = title, ItemList(items, set(ticked) if ticked is not None else None)

    def compose(self) -> ComposeResult:
        with Vertical(id="picker") as frame:
            frame.border_title = self._title
            many = self._list.ticked is not None
            frame.border_subtitle = "Space ticks  ctrl+a all  Enter takes  Esc cancels" if many else "Enter takes"
            yield Typed(id="picker-words", compact=True, placeholder="type to find")
            yield self._list

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._list.filter(event.value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._list.ticked is not None or action not in ("tick", "tick_all")

    def action_move(self, by: int) -> None:
        self._list.move(by)

    def action_tick(self) -> None:
        self._list.tick()

    def action_tick_all(self) -> None:
        self._list.tick_all()

    def action_choose(self) -> None:
        chosen = self._list
        if chosen.ticked is not None:
            self._close(tuple(sorted(chosen.ticked)))
        elif chosen.found:
            self._close((chosen.found[chosen.at].key,))

    def action_close(self) -> None:
        self._close(None)

    def _close(self, chosen: tuple[str, ...] | None) -> None:
        if self.is_current:
            self.dismiss(chosen)
