"""A screen of its own with a list, what is to be said of the row under the cursor, and a line to type into."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from console.screens.keys import key_name
from console.screens.picture import Picture
from console.widgets.block import Block
from console.widgets.facts import folded
from console.widgets.heading import keys
from console.widgets.lines import Line
from console.widgets.listing import Listing, Row
from console.widgets.typed import Typed

if TYPE_CHECKING:
    from console.app import ConsoleApp


class Page(Screen[None]):
    """Title, list, foot, keys. Subclasses say what stands there; `ask` opens the line to type into."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", tooltip="close the line that is typed into; then back", show=False),
        Binding("q", "back", "back", tooltip="back", show=False),
    ]

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self._answered: Callable[[str], None] = lambda text: None
        self._prompt = ""
        self._composed = False

    @property
    def console(self) -> "ConsoleApp":
        """The app, typed."""
        return cast("ConsoleApp", self.app)

    def compose(self) -> ComposeResult:
        yield Block(id="title")
        yield Listing(id="rows")
        yield Block(id="foot", tall=True)
        yield Block(id="prompt", tall=True)
        yield Typed(id="typed", compact=True, select_on_focus=False)
        yield Block(id="notes", tall=True)
        yield Block(id="keys")

    def on_mount(self) -> None:
        self._composed = True
        self.typed.display = False
        self.listing.focus()
        self.show(self.picture)

    @property
    def listing(self) -> Listing:
        """The list."""
        return self.query_one("#rows", Listing)

    @property
    def typed(self) -> Input:
        """The line to type into."""
        return self.query_one("#typed", Input)

    def title_line(self, width: int) -> Line:
        """The first line."""
        raise NotImplementedError

    def rows(self, width: int) -> list[Row]:
        """The list."""
        raise NotImplementedError

    def foot(self, width: int) -> list[Line]:
        """What is said below the list."""
        return []

    def show(self, picture: Picture) -> None:
        """A new picture of the fleet, or a second went by."""
        self.picture = picture
        self.refresh_page()

    def refresh_page(self) -> None:
        """Everything as it is now."""
        if not self._composed:
            return
        self.query_one("#title", Block).show(lambda width: [self.title_line(width)])
        self.listing.show(self.rows(max(20, self.size.width - 1)))
        self.show_foot()
        app = self.console
        self.query_one("#notes", Block).show(lambda width: app.notes.lines(app.clock(), width, None))
        hints = self.hints()
        self.query_one("#keys", Block).show(lambda width: [keys(hints, width)])

    def show_foot(self) -> None:
        """What is said below the list, never more than half of the screen."""
        most = max(3, self.size.height // 2)
        self.query_one("#foot", Block).show(lambda width: self.foot(width)[:most])

    def ask(self, prompt: str, value: str, answered: Callable[[str], None]) -> None:
        """Let a line be typed; `answered` hears it. Esc: nobody does."""
        self._answered, self._prompt = answered, prompt
        self.query_one("#prompt", Block).show(
            lambda width: [((f" {part}", "strong"),) for part in folded(prompt, width - 2)]
        )
        self.typed.display = True
        self.typed.value = value
        self.typed.cursor_position = len(value)
        self.set_focus(self.typed)  # now, not soon: the next key may be on its way
        self.refresh_page()

    def end_asking(self) -> None:
        """Away with the line."""
        self._prompt = ""
        self.query_one("#prompt", Block).show(lambda width: [])
        self.typed.display = False
        self.listing.focus()
        self.refresh_page()

    @property
    def asking(self) -> bool:
        """A line is being typed."""
        return bool(self._prompt)

    def on_resize(self) -> None:
        self.refresh_page()

    def on_descendant_focus(self) -> None:
        self.refresh_page()

    def on_listing_moved(self) -> None:
        self.show_foot()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        answered = self._answered
        self.end_asking()
        answered(event.value)

    def action_back(self) -> None:
        if self.asking:
            self.end_asking()
        elif self.is_current:
            self.leave()

    def leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss()

    def hints(self) -> Sequence[tuple[str, str]]:
        """Keys for the foot of the screen."""
        if self.asking:
            return [("Enter", "take it"), ("Esc", "leave it")]
        shown: dict[str, tuple[str, str]] = {}
        for active in self.active_bindings.values():
            item = active.binding
            if item.show and active.enabled and item.action not in shown:
                shown[item.action] = (key_name(item.key), item.description)
        return list(shown.values())


def said(text: str, tone: str, width: int, sign: str = " ") -> list[Line]:
    """A paragraph below the list."""
    return [((f" {sign if not n else ' '} ", tone), (part, tone)) for n, part in enumerate(folded(text, width - 4))]
