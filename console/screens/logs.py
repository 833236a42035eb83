"""Logs on the whole screen: one worker's or file's, or several merged by time."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from console import format as fmt
from console.clipboard import osc52
from console.logs.errand import Runner
from console.logs.match import Bad
from console.logs.reader import SPANS, Mode, Reader
from console.logs.save import file_name
from console.screens.commands import APP_COMMANDS, LOG_COMMANDS, bindings
from console.screens.hints import hints_of
from console.screens.log_search import Search
from console.screens.log_state import state, title
from console.screens.save import SaveDialog
from console.widgets.block import Block
from console.widgets.heading import keys
from console.widgets.log_view import LogView
from console.widgets.typed import Typed

if TYPE_CHECKING:
    from console.shell import Shell

TICK_S = 0.1
SAID_S = 8.0
_ASKED = {"only": "filter: only lines with … (regular expression, !: without)", "mark": "search: mark lines with …"}


class ErrandDone(Message):
    """The thread has an outcome."""


class LogsScreen(Screen[None]):
    """Shows what its reader reads, and asks it."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(LOG_COMMANDS),
        Binding("escape", "back", "back", tooltip="clear pattern, selection, minutes; then go back", show=False),
        Binding("q", "leave", "leave", tooltip="back to where you came from"),
    ]

    def __init__(self, reader: Reader, title: str = "", grow: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.reader, self._title, self._grow = reader, title, grow
        self.lines = LogView(reader, id="log-view")
        self.search = Search(self.lines, reader)
        self._runner = Runner(self._errand_done)
        self._problem = ""
        self._shown = 0.0
        self._skipped = False
        self._hints: list[tuple[str, str]] = []
        self._said, self._said_at = "", 0.0
        self._mode: Mode = "only"

    def compose(self) -> ComposeResult:
        yield Block(id="log-title")
        yield self.lines
        yield Block(id="log-state")
        yield Typed(id="log-box", compact=True)
        yield Block(id="keys")

    def on_mount(self) -> None:
        self.query_one("#log-box").display = False
        kept = self.shell.settings.value
        self.lines.wrapping, self.lines.stamps = kept.wrap, kept.stamps
        self.lines.focus()
        self.set_interval(TICK_S, self.tick)
        self.tick()

    def on_unmount(self) -> None:
        self._runner.close()
        self.reader.close()

    def on_resize(self) -> None:
        self.show_state()

    @property
    def shell(self) -> "Shell":
        """The app, typed."""
        return cast("Shell", self.app)

    def tick(self) -> None:
        """Look for growth, and see that everything is found out. What nobody can read is painted half as often."""
        if self.lines.rushing and not self._skipped:
            self._skipped = True
            return
        self._skipped = False
        self._grow()
        self.reader.tick(time.time())
        self.refresh_view()

    def refresh_view(self) -> None:
        """Show what is known by now."""
        self._shown = time.monotonic()
        self.lines.update()
        self._answer(self.search.go_on())
        self.show_state()
        self._send_errand()

    def on_errand_done(self) -> None:
        if self._runner.take():
            self._send_errand()
            if not self._runner.busy or time.monotonic() - self._shown > TICK_S:
                self.refresh_view()

    def _send_errand(self) -> None:
        """Keep the thread at work while there is something to find out."""
        if not self._runner.busy:
            errand = self.reader.next_errand()
            if errand is not None:
                self._runner.ask(errand)

    def on_log_view_changed(self) -> None:
        self.show_state()

    def say(self, text: str) -> None:
        """A short answer to a key."""
        self._said, self._said_at = text, time.monotonic()
        self.show_state()

    def show_state(self) -> None:
        """Title, state and keys."""
        if not self.is_mounted:
            return
        said = self._said if time.monotonic() - self._said_at < SAID_S else ""
        self.query_one("#log-title", Block).show(lambda width: [title(self.reader.base.names, self._title, width)])
        self.query_one("#log-state", Block).show(
            lambda width: [state(self.lines, self.reader, width, said=said, problem=self._problem)]
        )
        hints = self._hints
        self.query_one("#keys", Block).show(lambda width: [keys(hints, width)])

    def hints(self) -> list[tuple[str, str]]:
        """Keys for the foot of the screen."""
        if isinstance(self.focused, Input):
            return [("Enter", "keep"), ("Esc", "clear"), ("ctrl+f", "only these, or all with marks"), ("!", "without")]
        return hints_of(self, [item.action for item in (*LOG_COMMANDS, *APP_COMMANDS)])

    def on_descendant_focus(self) -> None:
        self._hints = self.hints()
        self.show_state()

    def action_filter(self) -> None:
        self._ask("only")

    def action_search(self) -> None:
        self._ask("mark" if not isinstance(self.focused, Input) or self._mode == "only" else "only")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._look_for(event.value)

    def on_input_submitted(self) -> None:
        box = self.query_one("#log-box", Input)
        box.display = False
        self.set_focus(self.lines)
        if self.reader.matcher is not None and self._mode == "mark":
            self._search(-1, from_here=True)

    def action_back(self) -> None:
        box, view = self.query_one("#log-box", Input), self.lines
        if box.display or self.reader.matcher is not None or self._problem:
            box.value = ""
            box.display = False
            self._look_for("")
            self.set_focus(view)
        elif view.marked is not None or view.block != (0, 0):
            view.marked, view.block = None, (0, 0)
            view.refresh_rows()
        elif self.reader.minutes:
            self._minutes(0)
        else:
            self.action_leave()

    def action_leave(self) -> None:
        if self.is_current:
            if len(self.app.screen_stack) > 1:
                self.dismiss()
            else:
                self.app.exit()

    def action_next(self) -> None:
        self._search(1)

    def action_previous(self) -> None:
        self._search(-1)

    def action_trace(self) -> None:
        """The first traceback; then the next."""
        self.search.trace()
        self.refresh_view()

    def action_minutes(self) -> None:
        place = SPANS.index(self.reader.minutes) if self.reader.minutes in SPANS else -1
        self._minutes(SPANS[(place + 1) % len(SPANS)] if self.reader.minutes else SPANS[0])

    def action_follow(self) -> None:
        self.lines.action_follow()

    def action_wrap(self) -> None:
        self.lines.action_wrap()
        self.shell.settings.change(wrap=self.lines.wrapping)

    def action_stamps(self) -> None:
        self.lines.action_stamps()
        self.shell.settings.change(stamps=self.lines.stamps)
        if not self.lines.stamped:
            self.say("these lines have no times of their own")

    def action_copy(self) -> None:
        start, stop = self.lines.selection
        stop = min(stop, start + 5000)
        lines = self.lines.text(start, stop)
        if not lines:
            self.say("nothing to copy")
            return
        text = "\n".join(lines)
        sequence, kept = osc52(text, os.environ)
        driver = self.app._driver
        if driver is not None:
            driver.write(sequence)
        short = "" if kept == len(text) else f", the first {kept:,} characters: terminals take no more"
        self.say(f"copied {fmt.plural(len(lines), 'line')}{short}")

    def action_save(self) -> None:
        if self._runner.busy and not self.reader.base.whole:
            self.say("saving: when all of the log has been read")
            return
        view = self.lines.view
        name = file_name(view.names)
        self.app.push_screen(SaveDialog(Path(name), self.lines.text, view.count), self._saved)

    def _saved(self, result: str | None) -> None:
        if result:
            self.say(result)

    def _errand_done(self) -> None:
        self.post_message(ErrandDone())

    def _ask(self, mode: Mode) -> None:
        self._mode = mode
        box = self.query_one("#log-box", Input)
        box.placeholder = _ASKED[mode]
        box.display = True
        self.set_focus(box)
        if box.value:
            self._look_for(box.value)
        self.show_state()

    def _look_for(self, text: str) -> None:
        try:
            self.reader.look_for(text, self._mode)
            self._problem = ""
        except Bad as error:
            self._problem = f"not a pattern: {error}"
        self.search.forget()
        self.lines.pattern_changed()
        self.refresh_view()

    def _search(self, step: int, *, from_here: bool = False) -> None:
        self._answer(self.search.begin(step, from_here=from_here))

    def _answer(self, words: str) -> None:
        if words:
            self.say(words)

    def _minutes(self, minutes: int) -> None:
        self.reader.last_minutes(minutes)
        self.refresh_view()
