"""config.toml on the screen: its tables and keys, changed one by one; the file is written only after it was shown."""

from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from console import format as fmt
from console.editing.draft import Draft
from console.editing.fields import KINDS, NEW, fields, new_table, shown, typed
from console.editing.text import Change
from console.plain import plain
from console.screens import setting_up
from console.screens.dialog import Dialog, bullets
from console.screens.page import Page, said
from console.screens.picture import Picture
from console.screens.saving import SaveDialog
from console.source import Setup
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line
from console.widgets.listing import Row
from trainer.schema import ConfigError

SAVE, DISCARD, STAY = "save", "throw the changes away", "go on editing"


class EditPage(Page):
    """Changes gather in a draft; `u` takes the last one back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "change", "change", tooltip="change the value; on a table: show all of its keys"),
        Binding("a", "add", "add", tooltip=f"a new table: {NEW}"),
        Binding("d,delete", "remove", "remove", tooltip="the key or the table under the cursor"),
        Binding("u", "undo", "undo", tooltip="take the last change back"),
        Binding("ctrl+s,w", "save", "save", tooltip="show the difference, and write it"),
    ]

    def __init__(self, picture: Picture, setup: Setup, draft: Draft) -> None:
        super().__init__(picture)
        self._setup, self._draft = setup, draft
        self._open: set[str] = set()
        self._candidate: Draft | None = None  # with what is being typed
        self._wrong = ""
        self._prompted_for_value = False

    def title_line(self, width: int) -> Line:
        many = len(self._draft.changes)
        note = f"   {fmt.plural(many, 'change')}, not saved" if many else ""
        new = "   a new file, begun with the shipped one" if self._draft.there is None else ""
        return ((f" {plain(str(self._draft.path))}", "accent strong"), (note, "warn"), (new, "quiet"))

    def rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for kind in KINDS:
            tables = self._draft.table.get(kind, {})
            rows.append(Row(None, ((f"  {kind.upper()}", "quiet"), ("" if tables else "   none; a adds one", "quiet"))))
            for name, table in tables.items():
                rows += self._rows_of(kind, name, table)
        return rows

    def _rows_of(self, kind: str, name: str, table: Any) -> list[Row]:
        place = f"{kind}.{name}"
        wrong = {problem.key for problem in self._draft.problems}
        sign = "▾" if place in self._open else "▸"
        rows = [Row(place, ((f" {sign} ", "quiet"), (f"[{plain(place)}]", "strong" if place not in wrong else "bad")))]
        if not isinstance(table, dict):
            return rows
        for key, about in fields(kind).items():
            if key not in table and place not in self._open:
                continue
            own = f"{place}.{key}"
            bad = any(item == own or item.startswith((f"{own}.", f"{own}[")) for item in wrong)
            value = plain(shown(table[key])) if key in table else "–"
            line: Line = (
                (f"     {fmt.fit(key, 12)}", "text" if key in table else "quiet"),
                ("✗ " if bad else "  ", "bad"),
                (value, "bad" if bad else "strong" if key in table else "quiet"),
                (f"   {about}" if key not in table else "", "quiet"),
            )
            rows.append(Row(f"{place}.{key}", line))
        for key in table:
            if key not in fields(kind):
                unknown = ((f"     {fmt.fit(plain(key), 12)}", "bad"), ("✗ unknown key", "bad"))
                rows.append(Row(f"{place}.{key}", unknown))
        return rows

    def foot(self, width: int) -> list[Line]:
        lines: list[Line] = [((" " + "─" * max(0, width - 2), "line"),)]
        if self._draft.outdated:
            words = "somebody else has changed this file since you opened it; w shows what to do, nothing is lost"
            lines += said(words, "warn", width, "!")
        if self._wrong:
            return [*lines, *said(plain(self._wrong), "bad", width, "✗")]
        shown_draft = self._candidate or self._draft
        for problem in shown_draft.problems[:3]:
            line = f"line {problem.line}: " if problem.line else ""
            mend = f" — {problem.mend}" if problem.mend else ""
            lines += said(plain(f"{line}{problem.key}: {problem.what}{mend}"), "bad", width, "✗")
        key = self._key
        if len(key) == 3:
            lines += said(f"{key[2]}: {fields(key[0]).get(key[2], 'no key of this table')}", "quiet", width)
        elif key:
            lines += said("enter shows all of its keys; d removes the table, with its keys", "quiet", width)
        return lines

    @property
    def _key(self) -> tuple[str, ...]:
        return tuple((self.listing.at or "").split(".", 2)) if self.listing.at else ()

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key = self._key
        if len(key) == 2:
            self._open ^= {".".join(key)}
            self.refresh_page()
        elif key:
            value = self._draft.table[key[0]][key[1]].get(key[2])
            about = fields(key[0]).get(key[2], "")
            self.ask(f"{'.'.join(key)}   {about}", "" if value is None else shown(value), self._typed)

    def action_add(self) -> None:
        self.ask(NEW, "", self._added)

    def action_remove(self) -> None:
        key = self._key
        if key:
            self._change(key, None)

    def action_undo(self) -> None:
        if self._draft.changes:
            self._draft = self._draft.without_last()
            self.refresh_page()
        else:
            self.console.say("nothing to take back")

    def action_save(self) -> None:
        if not self._draft.changes:
            self.console.say("nothing is different")
        elif self._draft.problems:
            self.console.say(f"not saved: {self._draft.problems[0]}")
        else:
            self.app.push_screen(SaveDialog(self._draft), self._saved)

    def leave(self) -> None:
        if not self._draft.changes:
            self.dismiss()
            return
        self.app.push_screen(LeaveDialog(self._draft.changes), self._left)

    def on_input_changed(self, event: Input.Changed) -> None:
        key = self._key
        if self.asking and len(key) == 3 and self._prompted_for_value:
            self._candidate, self._wrong = None, ""
            try:
                self._candidate = self._draft.with_change(key, typed(key[0], key[2], event.value))
            except ValueError as error:
                self._wrong = str(error)
            self.show_foot()

    def ask(self, prompt: str, value: str, answered: Callable[[str], None]) -> None:
        self._prompted_for_value = prompt != NEW
        super().ask(prompt, value, answered)

    def end_asking(self) -> None:
        self._candidate, self._wrong = None, ""
        super().end_asking()

    def _typed(self, text: str) -> None:
        key = self._key
        try:
            value = typed(key[0], key[2], text)
        except ValueError as error:
            self.console.say(str(error))
            return
        self._change(key, value)

    def _added(self, text: str) -> None:
        if not text.strip():
            return
        try:
            key, table = new_table(text, list(self._draft.table.get("hosts", {})))
        except ValueError as error:
            self.console.say(str(error))
            return
        if key[1] in self._draft.table.get(key[0], {}):
            self.console.say(f"{key[1]} is there already")
            return
        self._open.add(".".join(key))
        self._change(key, table)
        self.listing.go(".".join(key))

    def _change(self, key: tuple[str, ...], value: Any) -> None:
        try:
            self._draft = self._draft.with_change(key, value)
        except ValueError as error:
            self.console.say(str(error))
        self.refresh_page()

    def _saved(self, draft: Draft | None) -> None:
        if draft is not None:
            setting_up.written(self.console, draft)
            self.dismiss()
        elif self._draft.outdated:
            try:
                self._draft = self._draft.rebased()
            except (ConfigError, ValueError) as error:
                self.console.say(f"your changes cannot be made in it any more: {error}")
        self.refresh_page()

    def _left(self, choice: str | None) -> None:
        if choice == SAVE:
            self.action_save()
        elif choice == DISCARD:
            self.dismiss()


class LeaveDialog(Dialog[str | None]):
    """There are changes that nobody has saved."""

    title_text = "Not saved"

    def __init__(self, changes: tuple[Change, ...]) -> None:
        super().__init__()
        self._changes = changes

    def choices(self) -> tuple[str, ...]:
        return (STAY, SAVE, DISCARD)

    def lines(self, width: int) -> list[Line]:
        names = ", ".join(dict.fromkeys(map(str, self._changes)))
        return [BLANK, *bullets(folded(f"Changed and not saved: {plain(names)}", width - 4)), BLANK]

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self.close(event.name)
