"""Choosing from a list by typing a part of a name: one of it, or several in an order."""

from collections.abc import Callable, Sequence
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
from console.widgets.block import Block
from console.widgets.lines import Line, Lines, cut, padded

_NAME = 24  # cells of a name
_MANY = "Space choose   < > move   ctrl+r as it was by itself   Enter take   Esc leave"
_ONE = "Enter take   Esc leave"


@dataclass(frozen=True, slots=True)
class Item:
    """Something to choose."""

    name: str
    tell: str = ""


def _bare(text: str) -> str:
    return text.replace(" ", "").casefold()


class PickList(Lines):
    """The items that match, the cursor on one of them."""

    can_focus = False

    def __init__(self, items: Sequence[Item], chosen: Sequence[str], *, many: bool, entry: int) -> None:
        super().__init__(id="pick-list")
        self.items, self.chosen, self.many = list(items), list(chosen), many
        self._entry = entry  # the place that the next one gets
        self._filter = ""
        self._at = next((place for place, item in enumerate(self.items) if not many and item.name in chosen), 0)

    @property
    def matching(self) -> list[Item]:
        """Those with the filter in their name, blanks or not; if none has it, those of which it is told."""
        typed = _bare(self._filter)
        named = [item for item in self.items if typed in _bare(item.name)]
        return named or [item for item in self.items if typed in _bare(item.tell)]

    @property
    def at(self) -> Item | None:
        """The one under the cursor."""
        found = self.matching
        return found[min(self._at, len(found) - 1)] if found else None

    def narrow(self, text: str) -> None:
        """Only those that match."""
        self._filter, self._at = text, 0
        self.look_changed()

    def move(self, by: int) -> None:
        """The cursor up or down."""
        self._at = max(0, min(self._at + by, len(self.matching) - 1))
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._at < top or self._at >= top + height:
            self.scroll_to(y=self._at if self._at < top else self._at - height + 1, animate=False)
        self.look_changed()

    def turn(self) -> None:
        """In or out."""
        if self.at is None:
            return
        name = self.at.name
        if name in self.chosen:
            self.chosen.remove(name)
        else:
            self.chosen.insert(max(0, min(self._entry, len(self.chosen))), name)
            self._entry += 1
        self.look_changed()

    def shift(self, by: int) -> None:
        """Earlier or later among the chosen."""
        if self.at is None or self.at.name not in self.chosen:
            return
        place = self.chosen.index(self.at.name)
        other = max(0, min(place + by, len(self.chosen) - 1))
        self.chosen.insert(other, self.chosen.pop(place))
        self.look_changed()

    def build(self, width: int) -> list[Line]:
        return [padded(cut(self._line(item), width), width) for item in self.matching] or [
            padded(((" nothing of that name", "quiet"),), width)
        ]

    def _line(self, item: Item) -> Line:
        cursor = "›" if item is self.at else " "
        place = self.chosen.index(item.name) + 1 if item.name in self.chosen else 0
        mark = (f"{place:>3} ✓ " if place else "      ") if self.many else ("✓ " if place else "  ")
        name = fmt.fit(plain(item.name), _NAME)
        return (
            (cursor, "accent"),
            (mark, "good"),
            (name, "strong" if place else "text"),
            (f" {plain(item.tell)}", "quiet"),
        )

    def line_tone(self, index: int) -> str:
        found = self.matching
        return "cursor" if index < len(found) and found[index] is self.at else ""

    def on_click(self, event: events.Click) -> None:
        self.move(event.y + self.scroll_offset.y - self._at)
        if self.many:
            self.turn()


class PickInput(Input):
    """A box that leaves to its dialog the keys with which one chooses from several."""

    many = False

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return not (self.many and character in (" ", "<", ">")) and super().check_consume_key(key, character)


class Pick(ModalScreen[tuple[str, ...] | None]):
    """The names that were chosen; an empty tuple: as it was by itself; None: nothing is to change.

    `entry`: where in the order a newly chosen one goes, so that it is not the first to find no room.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", priority=True),
        Binding("up", "move(-1)", "up", priority=True),
        Binding("down", "move(1)", "down", priority=True),
        Binding("pageup", "move(-10)", "a page up", priority=True),
        Binding("pagedown", "move(10)", "a page down", priority=True),
        Binding("space", "turn", "choose", priority=True),
        Binding("less_than_sign", "shift(-1)", "earlier", priority=True),
        Binding("greater_than_sign", "shift(1)", "later", priority=True),
        Binding("ctrl+r", "reset", "as it was by itself", priority=True),
    ]

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        chosen: Sequence[str] = (),
        *,
        many: bool = False,
        entry: int = 0,
        moved: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._items, self._chosen, self._many, self._moved = title, items, chosen, many, moved
        self._entry = entry

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as frame:
            frame.border_title = self._title
            box = PickInput(id="pick-filter", compact=True, placeholder="a part of a name")
            box.many = self._many
            yield box
            yield PickList(self._items, self._chosen, many=self._many, entry=self._entry)
            yield Block(lambda width: [cut(((f" {_MANY if self._many else _ONE}", "quiet"),), width)], id="pick-keys")

    def on_mount(self) -> None:
        self.query_one("#pick-filter").focus()

    def on_resize(self) -> None:
        self.list.styles.height = max(1, min(len(self._items), self.size.height - 8))

    @property
    def list(self) -> PickList:
        """The list."""
        return self.query_one(PickList)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.list.narrow(event.value)

    def on_input_submitted(self) -> None:
        found = self.list
        if self._many:
            self._end(tuple(found.chosen) if found.chosen != [*self._chosen] else None)
        elif found.at is not None:
            self._end((found.at.name,))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("turn", "shift", "reset") and not self._many:
            return False
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        self._end(None)

    def action_move(self, by: int) -> None:
        self.list.move(by)
        if self._moved is not None and self.list.at is not None:
            self._moved(self.list.at.name)

    def action_turn(self) -> None:
        self.list.turn()

    def action_shift(self, by: int) -> None:
        self.list.shift(by)

    def action_reset(self) -> None:
        self._end(())

    def _end(self, result: tuple[str, ...] | None) -> None:
        if self.is_current:
            self.dismiss(result)
