"""A row of choices in a dialog: [ stop ]   [ kill now ]   [ cancel ]."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.widgets.lines import Line, Lines, padded

_GAP = 3


class Choices(Lines):
    """One of several words; the chosen one is sent."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,shift+tab", "move(-1)", "previous choice", show=False),
        Binding("right,l,tab", "move(1)", "next choice", show=False),
        Binding("enter,space", "choose", "choose", show=False),
    ]

    class Chosen(Message):
        """A choice was made."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *names: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names: tuple[str, ...] = names
        self._at = 0

    def offer(self, *names: str) -> None:
        """Other choices; the cursor stays on its word if that is still there."""
        if names != self._names:
            now = self._names[self._at]
            self._names, self._at = names, names.index(now) if now in names else 0
            self.rebuild()

    @property
    def at(self) -> str:
        """The word under the cursor."""
        return self._names[self._at]

    def build(self, width: int) -> list[Line]:
        spans: list[tuple[str, str]] = [(" ", "text")]
        for place, name in enumerate(self._names):
            here = place == self._at
            spans += [
                ("›" if here else " ", "accent"),
                (f"[ {name} ]", "accent cursor" if here else "text"),
                (" " * _GAP, "text"),
            ]
        return [padded(tuple(spans), width)]

    def action_move(self, by: int) -> None:
        self._at = (self._at + by) % len(self._names)
        self.rebuild()

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self.at))

    def on_click(self, event: events.Click) -> None:
        x = 1
        for place, name in enumerate(self._names):
            wide = len(name) + 5
            if x <= event.x < x + wide:
                self._at = place
                self.rebuild()
                self.action_choose()
                return
            x += wide + _GAP
