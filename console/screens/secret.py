"""A passphrase, a password or whatever a host asks: seen only where the host allows it, handed on, kept nowhere."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.door import Question
from console.plain import plain
from console.widgets.block import Block
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line
from console.widgets.typed import Typed

_FOOT = "It is written nowhere and is forgotten when this console ends.   enter: give it   esc: go on without"


class SecretDialog(ModalScreen[None]):
    """Asks once. Esc answers that nobody knows."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "go on without", priority=True)]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as frame:
            frame.border_title = "A host asks"
            yield Block(id="body", tall=True)
            yield Typed(password=not self._question.echo, compact=True, id="secret")
            yield Block(id="foot", tall=True)

    def on_mount(self) -> None:
        prompt = [plain(line) for line in self._question.prompt.strip().rstrip(":").splitlines()]
        self.query_one("#body", Block).show(lambda width: _lines(prompt, "strong", width))
        self.query_one("#foot", Block).show(lambda width: _lines([_FOOT], "quiet", width))
        self.set_focus(self.query_one("#secret"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._end(event.value)

    def action_leave(self) -> None:
        self._end(None)

    def _end(self, answer: str | None) -> None:
        self.query_one("#secret", Input).value = ""
        self._question.say(answer)
        if self.is_current:
            self.dismiss(None)


def _lines(texts: list[str], tone: str, width: int) -> list[Line]:
    return [BLANK, *(((f"   {part}", tone),) for text in texts for part in folded(text, width - 6)), BLANK]
