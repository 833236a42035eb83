"""The frame of a dialog: lines, then choices; and a deed that is followed in it until it ends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from console.screens.deeds import Deed
from console.screens.notes import step_lines
from console.screens.picture import Picture
from console.widgets.block import Block
from console.widgets.choices import Choices
from console.widgets.lines import BLANK, Line

if TYPE_CHECKING:
    from console.app import ConsoleApp

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Says what will happen and asks; then shows how it goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close", tooltip="nothing more is done; what was begun goes on"),
    ]
    title_text = ""

    def __init__(self, picture: Picture | None = None) -> None:
        super().__init__()
        self.picture = picture
        self.deed: Deed | None = None

    @property
    def console(self) -> "ConsoleApp":
        """The app, typed."""
        return cast("ConsoleApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as frame:
            frame.border_title = self.title_text
            frame.border_subtitle = "← → choose   Enter take   Esc close"
            yield Block(id="body", tall=True)
            yield Choices(*self.choices(), id="choices")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#choices"))
        self.refresh_body()

    def show(self, picture: Picture) -> None:
        """A new picture of the fleet, or a second went by."""
        self.picture = picture
        self.refresh_body()

    def refresh_body(self) -> None:
        """Lines and choices as they are now; what comes after the dialog was closed has nowhere to stand."""
        if not self.query("#body") or not self.query("#choices"):
            return
        self.query_one("#body", Block).show(self.lines)
        self.query_one("#choices", Choices).offer(*self.choices())

    def choices(self) -> tuple[str, ...]:
        """The words to choose from."""
        raise NotImplementedError

    def lines(self, width: int) -> list[Line]:
        """What is said above them."""
        raise NotImplementedError

    def deed_lines(self, width: int) -> list[Line]:
        """How the deed goes: the newest step of each worker."""
        if self.deed is None:
            return []
        app = self.console
        since = app.clock() - (app.notes.at(self.deed) or app.clock())
        lines: list[Line] = [BLANK]
        for step in self.deed.latest().values():
            lines += step_lines(self.deed.name, step, since, width, done=self.deed.done)
        return [*lines, BLANK]

    def close(self, result: Result | None) -> None:
        """Go away, once: a second key may have been typed before the first was heard."""
        if self.is_current:
            self.dismiss(result)

    def action_close(self) -> None:
        self.close(None)


def bullets(lines: Sequence[str], tone: str = "text") -> list[Line]:
    """Indented lines."""
    return [((f"   {line}", tone),) for line in lines]
