"""A worker is written and started: from the configuration, an earlier run or a preset; where there is room for it."""

import threading
from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from console.editing import room
from console.editing.draft import Draft
from console.editing.form import Form, begin, first_base, turned
from console.editing.resolving import Resolved, presets, resolve
from console.editing.text import read_value, value_text
from console.editing.wish import bases, flat, run_file
from console.fleet.model import RunKey
from console.screens import new_lines, setting_up
from console.screens.base import WorkersScreen
from console.screens.page import Page
from console.screens.pick import Pick
from console.screens.picture import Picture
from console.screens.saving import SaveDialog
from console.source import Setup
from console.widgets.lines import Line
from console.widgets.listing import Row
from console.widgets.pick_list import Item
from trainer.record import atomic
from trainer.schema import ConfigError

_PAUSE_S = 0.25  # of typing, before the trainer is asked


class Answered(Message):
    """The trainer has an opinion on what was asked at `number`."""

    def __init__(self, number: int, resolved: Resolved) -> None:
        super().__init__()
        self.number, self.resolved = number, resolved


class NewPage(Page):
    """Every change is shown to the trainer at once; nothing is written before it is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "other choice", show=False),
        Binding("right,space", "turn(1)", "choose", key_display="← →", tooltip="the next choice of this line"),
        Binding("enter", "change", "type", tooltip="type another value, or choose it from a list"),
        Binding("d,delete", "default", "as it was", tooltip="this line as it was", show=False),
        Binding("slash", "find", "find", tooltip="only settings with this word"),
        Binding("s", "start", "save and start", tooltip="write it into config.toml, and start it"),
        Binding("o", "once", "start once", tooltip="start it, and write nothing into config.toml"),
        Binding("ctrl+s,w", "save", "only save", tooltip="write it into config.toml; the difference is shown first"),
    ]

    def __init__(self, picture: Picture, setup: Setup, run: RunKey | None = None, worker: str = "") -> None:
        super().__init__(picture)
        self._setup = setup
        config, hosts, found = setup.config, picture.fleet.hosts, bases(setup.config, picture.fleet, presets())
        self.form = Form(config, hosts, found, begin(config, hosts, first_base(found, run, worker)))
        self._asked = 0
        self._typed_key = ""

    def on_mount(self) -> None:
        self._look_up()

    # what is shown

    def show(self, picture: Picture) -> None:
        self.form.config, self.form.hosts = self._setup.config, picture.fleet.hosts
        super().show(picture)

    def title_line(self, width: int) -> Line:
        return new_lines.title(self.form, once=self.form.wish.name in self.console.once)

    def rows(self, width: int) -> list[Row]:
        return new_lines.rows(self.form)

    def foot(self, width: int) -> list[Line]:
        return new_lines.foot(self.form, width)

    # the form

    def action_turn(self, by: int) -> None:
        key, form = self.listing.at or "", self.form
        if key == "from":
            form.begin_with(turned(form.bases, form.wish.base, by))
        elif key == "host":
            form.go_to(turned(list(form.config.hosts), form.wish.host, by))
        elif key == "gpus":
            form.change(gpus=turned(room.choices(form.rooms), form.wish.gpus, by))
        elif key == "trial first":
            form.trial = not form.trial
        elif key.startswith("set ") and isinstance(form.settings.get(key[4:]), bool):
            form.put(key[4:], not form.settings[key[4:]])
        self._look_up()

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key, form = self.listing.at or "", self.form
        if key == "from":
            self._choose_base()
        elif key == "host":
            self._choose_host()
        elif key == "trial first":
            self.action_turn(1)
        elif key == "name":
            self.ask("The worker's name", form.wish.name, lambda text: self._take(name=text.strip()))
        elif key == "gpus":
            self.ask("GPUs: any, or numbers, as in 0,2", form.wish.gpus,
                     lambda text: self._take(gpus=text.replace(" ", "") or room.ANY))  # fmt: skip
        elif key.startswith("set "):
            self._typed_key = key[4:]
            self.ask(key[4:], value_text(form.settings[key[4:]]), lambda text: self._typed(key[4:], text))
        elif key:
            value = form.table.get(key, "")
            self.ask(key, value if isinstance(value, str) else value_text(value), lambda text: self._own(key, text))

    def action_default(self) -> None:
        key = (self.listing.at or "")[4:]
        if key in self.form.wish.changes:
            self._take(changes={name: value for name, value in self.form.wish.changes.items() if name != key})

    def action_find(self) -> None:
        def found(word: str) -> None:
            self.form.word = word.strip()
            self.refresh_page()

        self.ask("Only settings with", self.form.word, found)

    def _choose_base(self) -> None:
        form = self.form
        by_label = {base.label: base for base in form.bases}

        def take(chosen: tuple[str, ...] | None) -> None:
            if chosen is not None:
                form.begin_with(by_label[chosen[0]])
                self._look_up()

        self.app.push_screen(Pick("Begin with", [Item(label) for label in by_label], (form.wish.base.label,)), take)

    def _choose_host(self) -> None:
        form = self.form

        def take(chosen: tuple[str, ...] | None) -> None:
            if chosen is not None:
                form.go_to(chosen[0])
                self._look_up()

        items = [Item(name, room.host_words(form.hosts.get(name))) for name in form.config.hosts]
        self.app.push_screen(Pick("On which host?", items, (form.wish.host,)), take)

    def _typed(self, key: str, text: str) -> None:
        try:
            self.form.put(key, self.form.read(key, text))
        except ValueError as error:
            self.console.say(str(error))
        self._look_up()

    def _own(self, key: str, text: str) -> None:
        try:
            value = read_value(text) if key == "command" else text.strip()
        except ValueError as error:
            self.console.say(str(error))
        else:
            self._take(own={**self.form.wish.own, key: value})

    def _take(self, **values: Any) -> None:
        self.form.change(**values)
        self._look_up()

    # the trainer's opinion

    def on_input_changed(self, event: Input.Changed) -> None:
        """A value is being typed: what would the trainer say?"""
        key = self._typed_key
        if key and self.asking:
            try:
                value = self.form.read(key, event.value)
            except ValueError:
                return  # half a value
            self._look_up({**self.form.wish.changes, key: value})

    def end_asking(self) -> None:
        self._typed_key = ""
        super().end_asking()

    def action_back(self) -> None:
        asking = self.asking
        super().action_back()
        if asking:
            self._look_up()

    def on_answered(self, message: Answered) -> None:
        if message.number != self._asked:
            return  # something else was asked since
        if self._typed_key:
            self.form.resolved = message.resolved
        else:
            self.form.told(message.resolved)
        self.refresh_page()

    def _look_up(self, changes: dict[str, Any] | None = None) -> None:
        """Ask the trainer once nothing more is typed for a moment; an older question is forgotten."""
        form, base = self.form, self.form.wish.base
        if base.is_command:
            form.resolved = None
            self.refresh_page()
            return
        self._asked += 1
        number = self._asked
        sets = {**flat(base.worker.get("set") or {}), **(form.wish.changes if changes is None else changes)}
        folder = form.config.path.absolute().parent

        def ask() -> None:
            if number == self._asked:
                there = folder if folder.is_dir() else None
                self.post_message(Answered(number, resolve(base.spec, sets, text=base.text, folder=there)))

        first = form.resolved is None and not form.plain
        self.set_timer(0.001 if first else _PAUSE_S, lambda: threading.Thread(target=ask, daemon=True).start())
        self.refresh_page()

    # save and start

    def action_save(self) -> None:
        self._write(lambda: None)

    def action_start(self) -> None:
        self._write(self._starting())

    def action_once(self) -> None:
        """Started as it stands; the file stays as it is."""
        draft = self._draft()
        if draft is not None:
            setting_up.once(self.console, draft, self.form.wish.name, self.form.wish.base.text, self._starting())
            self.dismiss()

    def _starting(self) -> Callable[[], None]:
        name, trial, app = self.form.wish.name, self.form.trial, self.console

        def go() -> None:
            app.perform("start", (name,), lambda: app.actions.start((name,), trial=trial))
            if isinstance(app.screen, WorkersScreen):
                app.screen.began(name)

        return go

    def _draft(self) -> Draft | None:
        """None, and a word about it, while something is wrong."""
        problems = self.form.problems
        draft: Draft | None = None
        try:
            draft = self.form.draft(self._setup.draft())
        except (ConfigError, ValueError) as error:
            problems = [*problems, *str(error).splitlines()]
        if problems:
            self.console.say(problems[0])
            return None
        return draft

    def _write(self, then: Callable[[], object]) -> None:
        """Show the difference and write it, then go on."""
        draft, name, text = self._draft(), self.form.wish.name, self.form.wish.base.text
        if draft is None:
            return
        if not draft.changes:
            self.dismiss()
            then()
            return

        def written(saved: Draft | None) -> None:
            if saved is not None:
                if text:
                    atomic.replace(run_file(saved.config(), name), text.encode())
                self.console.once.saved(name)
                setting_up.written(self.console, saved, then=then)
                self.dismiss()

        words = f"and beside it {name}.toml: the whole configuration of that run" if text else ""
        self.app.push_screen(SaveDialog(draft, words), written)
