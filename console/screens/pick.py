"""Choosing from a list by typing a part of a name: one of it, several, or several in an order."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.screens.hints import hints_of
from console.widgets.block import Block
from console.widgets.heading import keys
from console.widgets.pick_list import Item, PickList, Ticks
from console.widgets.typed import Typed


class PickInput(Typed):
    """A box that leaves to its dialog the keys with which one chooses from several."""

    ticks: Ticks = "one"

    def check_consume_key(self, key: str, character: str | None) -> bool:
        taken = {"one": "", "some": " ", "order": " <>"}[self.ticks]
        return not (character is not None and character in taken) and super().check_consume_key(key, character)


class Pick(ModalScreen[tuple[str, ...] | None]):
    """Ends with what the chosen items are known by; None: nothing is to change.

    With an order there is a way back to nothing chosen at all, an empty tuple: as it was by itself. `entry`: where in
    the order a newly chosen one goes, so that it is not the first to find no room. `moved` hears where the cursor is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", priority=True, show=False),
        Binding("down", "move(1)", "down", priority=True, show=False),
        Binding("pageup", "move(-10)", "a page up", priority=True, show=False),
        Binding("pagedown", "move(10)", "a page down", priority=True, show=False),
        Binding("space", "tick", "tick", priority=True),
        Binding("less_than_sign", "shift(-1)", "earlier", priority=True),
        Binding("greater_than_sign", "shift(1)", "later", priority=True),
        Binding("enter", "take", "take", priority=True),
        Binding("escape", "leave", "leave", priority=True),
        Binding("ctrl+a", "tick_all", "all or none", priority=True),
        Binding("ctrl+r", "reset", "reset", tooltip="as it was by itself", priority=True),
    ]

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        chosen: Sequence[str] = (),
        *,
        ticks: Ticks = "one",
        entry: int = 0,
        moved: Callable[[str], None] = lambda known: None,
    ) -> None:
        super().__init__()
        self._title, self._before, self._ticks, self._moved = title, tuple(chosen), ticks, moved
        self.list = PickList(items, chosen, ticks, entry)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as frame:
            frame.border_title = self._title
            box = PickInput(id="pick-filter", compact=True, placeholder="a part of a name")
            box.ticks = self._ticks
            yield box
            yield self.list
            yield Block(id="pick-keys")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#pick-filter"))
        hints = hints_of(self, [item.action for item in self.BINDINGS if isinstance(item, Binding)])
        self.query_one("#pick-keys", Block).show(lambda width: [keys(hints, width)])

    def on_resize(self) -> None:
        self.list.styles.height = max(1, min(len(self.list.items), self.size.height - 8))

    def on_input_changed(self, event: Input.Changed) -> None:
        self.list.narrow(event.value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        wanted = {"tick": ("some", "order"), "tick_all": ("some",), "shift": ("order",), "reset": ("order",)}
        return self._ticks in wanted.get(action, (self._ticks,)) and super().check_action(action, parameters)

    def action_take(self) -> None:
        found = self.list
        if self._ticks != "one":
            self._end(tuple(found.chosen) if tuple(found.chosen) != self._before else None)
        elif found.at is not None:
            self._end((found.at.known,))

    def action_leave(self) -> None:
        self._end(None)

    def action_move(self, by: int) -> None:
        self.list.move(by)
        if self.list.at is not None:
            self._moved(self.list.at.known)

    def action_tick(self) -> None:
        self.list.tick()

    def action_tick_all(self) -> None:
        self.list.tick_all()

    def action_shift(self, by: int) -> None:
        self.list.shift(by)

    def action_reset(self) -> None:
        self._end(())

    def _end(self, result: tuple[str, ...] | None) -> None:
        if self.is_current:
            self.dismiss(result)
