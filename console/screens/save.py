"""Saving what is shown to a file: its name is asked for, and whether another one may be replaced."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from console import format as fmt
from console.logs.save import save
from console.plain import plain
from console.widgets.block import Block
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line
from console.widgets.typed import Typed


class Told(Message):
    """The writing thread got on."""


class SaveDialog(ModalScreen[str | None]):
    """Ends with a sentence to say, or with None when nothing was written."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close", tooltip="nothing is written")]

    def __init__(self, name: Path, lines: Callable[[int, int], Sequence[str]], count: int) -> None:
        super().__init__()
        self._path, self._lines, self._count = name, lines, count
        self._asked = ""  # a file that is there: Enter once more replaces it
        self._problem = ""
        self._written = -1
        self._stop = threading.Event()
        self._done: str | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as frame:
            frame.border_title = f"Save {fmt.plural(self._count, 'line')}"
            yield Block(id="body", tall=True)
            yield Typed(str(self._path), id="save-name", compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#save-name", Input))
        self._show()

    def on_input_changed(self) -> None:
        self._asked = self._problem = ""
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if not text or self._written >= 0:
            return
        path = Path(text).expanduser()
        if path.is_dir():
            self._problem = "that is a folder: add a name"
        elif path.exists() and self._asked != text:
            self._asked = text
        else:
            self._begin(path, replace=self._asked == text)
        self._show()

    def on_told(self) -> None:
        if self._done is not None and self.is_current:
            self.dismiss(self._done)
        self._show()

    def action_close(self) -> None:
        self._stop.set()
        if self._written < 0 and self.is_current:
            self.dismiss(None)

    def _begin(self, path: Path, *, replace: bool) -> None:
        self._written = 0
        threading.Thread(target=self._write, args=(path, replace), name="save log", daemon=True).start()

    def _write(self, path: Path, replace: bool) -> None:
        try:
            written = save(path, self._lines, self._count, replace=replace, go_on=self._go_on)
        except FileExistsError:
            self._asked, self._written = str(path), -1
        except OSError as error:
            self._problem, self._written = f"{path}: {os.strerror(error.errno or 0)}", -1
        else:
            short = "" if written == self._count else f" of {fmt.count(self._count)}: stopped"
            self._done = f"saved {fmt.plural(written, 'line')}{short} in {path}"
        self.post_message(Told())

    def _go_on(self, written: int) -> bool:
        self._written = written
        self.post_message(Told())
        return not self._stop.is_set()

    def _show(self) -> None:
        self.query_one("#body", Block).show(self._body)

    def _body(self, width: int) -> list[Line]:
        if self._written >= 0:
            return [BLANK, ((f"   writing {fmt.count(self._written)} of {fmt.count(self._count)}", "text"),), BLANK]
        if self._problem:
            text, tone = plain(self._problem), "bad"
        elif self._asked:
            text, tone = "this file is there already: Enter again replaces it, another name keeps it", "warn"
        else:
            text, tone = (
                "Name of the file; Enter writes it, Esc does not. What is shown is saved: filter, minutes.",
                "text",
            )
        return [BLANK, *(((f"   {part}", tone),) for part in folded(text, width - 4)), BLANK]
