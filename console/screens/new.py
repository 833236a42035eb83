"""A worker is written and started: from the configuration, an earlier run or a preset; where there is room for it."""

import dataclasses
import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from console import format as fmt
from console.config import is_name
from console.editing import room
from console.editing.draft import Draft
from console.editing.resolving import Resolved, presets, resolve
from console.editing.text import read_value, value_text
from console.editing.wish import Base, Wish, bases, flat, free_name, gpus_of, preview, run_file
from console.fleet.model import RunKey
from console.plain import plain
from console.screens import setting_up
from console.screens.base import WorkersScreen
from console.screens.page import Page, said
from console.screens.picture import Picture
from console.screens.saving import SaveDialog
from console.source import Setup
from console.widgets.lines import BLANK, Line
from console.widgets.listing import Row
from trainer.record import atomic
from trainer.schema import ConfigError

_PAUSE_S = 0.25  # of typing, before the trainer is asked
_COMMAND_KEYS = ("command", "folder", "code", "branch")
_LABEL = 20


class Answered(Message):
    """The trainer has an opinion on what was asked at `number`."""

    def __init__(self, number: int, resolved: Resolved) -> None:
        super().__init__()
        self.number, self.resolved = number, resolved


class NewPage(Page):
    """Every change is shown to the trainer at once; nothing is written or started before it is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "other choice", show=False),
        Binding("right,space", "turn(1)", "choose", key_display="← →", tooltip="the next choice of this line"),
        Binding("enter", "change", "type", tooltip="type another value"),
        Binding("d,delete", "default", "as it was", tooltip="this line as it was", show=False),
        Binding("slash", "find", "find", tooltip="only settings with this word"),
        Binding("s", "start", "save and start", tooltip="write it into config.toml, and start it"),
        Binding("ctrl+s,w", "save", "only save", tooltip="write it into config.toml; the difference is shown first"),
    ]

    def __init__(self, picture: Picture, setup: Setup, run: RunKey | None = None, worker: str = "") -> None:
        super().__init__(picture)
        self._setup = setup
        self._bases = bases(setup.config, picture.fleet, presets())
        first = self._first(run, worker)
        self._wish = self._begin(first)
        self._trial = False
        self._word = ""
        self._asked = 0
        self._resolved: Resolved | None = None
        self._plain: dict[str, Any] = {}  # settings of the base, before any change
        self._typed_key = ""

    def on_mount(self) -> None:
        super().on_mount()
        self._look_up()

    # what there is to choose from

    def _first(self, run: RunKey | None, worker: str) -> Base:
        wanted = f"run {run.run}" if run else f"worker {worker}"
        presets_ = [base for base in self._bases if base.label.startswith("preset ")]
        return next(
            (base for base in self._bases if base.label == wanted), self._bases[0] if self._bases else presets_[0]
        )

    def _begin(self, base: Base) -> Wish:
        """A wish that begins with this."""
        config, hosts = self._setup.config, self.picture.fleet.hosts
        name = free_name(base.name, config.workers)
        wanted = str(base.worker.get("host") or next(iter(config.hosts)))
        host = wanted if base.known else room.best_host({n: hosts[n] for n in config.hosts if n in hosts}, wanted)
        host = host if host in config.hosts else next(iter(config.hosts))
        gpus = gpus_of(base.worker)
        if gpus == room.ANY and not base.known:
            gpus = room.first_choice(room.rooms(hosts.get(host)))
        return Wish(base, name, host, gpus)

    @property
    def _rooms(self) -> tuple[room.Room, ...]:
        return room.rooms(self.picture.fleet.hosts.get(self._wish.host))

    @property
    def _table(self) -> dict[str, Any]:
        host = self.picture.fleet.hosts.get(self._wish.host)
        return self._wish.table(host.telemetry.gpu_source if host and host.telemetry else "")

    @property
    def _can_try(self) -> bool:
        """Starting knows of trials."""
        return "trial" in inspect.signature(self.console.actions.start).parameters

    # what is shown

    def title_line(self, width: int) -> Line:
        known = self._wish.name in self._setup.config.workers
        words = "is in config.toml already: saving changes it" if known else "will be new in config.toml"
        return (
            (" new worker  ", "accent strong"),
            (plain(self._wish.name), "strong"),
            (f"  {words}", "quiet"),
        )

    def rows(self, width: int) -> list[Row]:
        wish, hosts = self._wish, self.picture.fleet.hosts
        rows = [
            self._field("from", wish.base.label, f"{len(self._bases)} to choose from: ← →"),
            self._field("name", wish.name, ""),
            self._field("host", wish.host, room.host_words(hosts.get(wish.host))),
            self._field("gpus", wish.gpus, self._gpu_words()),
        ]
        if self._can_try:
            rows.append(self._field("trial first", "yes" if self._trial else "no", "two epochs on a few samples first"))
        rows.append(Row(None, BLANK))
        if wish.base.is_command:
            table = self._table
            rows += [self._field(key, value_text(table.get(key, "")), "") for key in _COMMAND_KEYS]
            return rows
        settings = self._settings
        shown = [key for key in settings if self._word in key]
        changed = f", {len(wish.changes)} changed" if wish.changes else ""
        only = f", only with “{plain(self._word)}”" if self._word else ""
        head = f"  {fmt.plural(len(shown), 'setting')}{changed}{only}" if settings else "  asking the trainer …"
        rows.append(Row(None, ((head, "quiet"),)))
        return [*rows, *(self._setting(key, settings[key]) for key in shown)]

    @property
    def _settings(self) -> dict[str, Any]:
        return {**self._plain, **self._wish.changes}

    def _field(self, key: str, value: str, note: str) -> Row:
        return Row(
            key,
            ((f" {fmt.fit(key, _LABEL)}", "quiet"), (plain(value), "strong"), (f"   {note}" if note else "", "quiet")),
        )

    def _setting(self, key: str, value: Any) -> Row:
        changed = key in self._wish.changes
        note = f"   was {value_text(self._plain[key])}" if changed and key in self._plain else ""
        problem = self._resolved.problem_of(key) if self._resolved else ""
        line: Line = (
            (f" {fmt.fit(key, 30)}", "text" if changed else "quiet"),
            (plain(value_text(value)), "bad" if problem else "strong" if changed else "text"),
            (note, "quiet"),
            (f"   ✗ {plain(problem)}" if problem else "", "bad"),
        )
        return Row(f"set {key}", line)

    def _gpu_words(self) -> str:
        found = {item.index: item for item in self._rooms}
        if self._wish.gpus == room.ANY:
            return "the worker decides" if found else ""
        chosen = [
            found[int(part)] for part in self._wish.gpus.split(",") if part.strip().isdecimal() and int(part) in found
        ]
        return "; ".join(item.words for item in chosen)

    def foot(self, width: int) -> list[Line]:
        lines: list[Line] = [((" " + "─" * max(0, width - 2), "line"),)]
        problems = self._problems
        if problems:
            for text in problems[:4]:
                lines += said(plain(text), "bad", width, "✗")
            return lines
        if self._resolved is None and not self._wish.base.is_command:
            return [*lines, *said("asking the trainer …", "quiet", width)]
        where, command = preview(self._setup.config, self._wish.name, self._table)
        lines += said(plain(where), "quiet", width)
        lines += said(plain(command), "text", width, "$")
        words = (
            ""
            if self._wish.base.is_command
            else "the trainer of this machine accepts it; the host's is asked at the start"
        )
        return [*lines, *(said(words, "good", width, "✓") if words else [])]

    @property
    def _problems(self) -> list[str]:
        """What keeps it from being saved."""
        found = []
        if not is_name(self._wish.name):
            found.append(f"name: {self._wish.name!r} cannot be a name: up to 40 letters, digits, - and _")
        wrong = room.gpu_problem(self._wish.gpus, self._rooms)
        found += [f"gpus: {wrong}"] if wrong else []
        return [*found, *(self._resolved.problems if self._resolved else ())]

    # what is done

    def action_turn(self, by: int) -> None:
        key, wish = self.listing.at or "", self._wish
        if key == "from":
            self._take(self._begin(_turned(self._bases, wish.base, by)), again=True)
        elif key == "host":
            host = _turned(list(self._setup.config.hosts), wish.host, by)
            gpus = room.first_choice(room.rooms(self.picture.fleet.hosts.get(host)))
            self._take(dataclasses.replace(wish, host=host, gpus=gpus))
        elif key == "gpus":
            self._take(dataclasses.replace(wish, gpus=_turned(room.choices(self._rooms), wish.gpus, by)))
        elif key == "trial first":
            self._trial = not self._trial
            self.refresh_page()
        elif key.startswith("set ") and isinstance(self._settings.get(key[4:]), bool):
            self._set(key[4:], not self._settings[key[4:]])

    def on_listing_opened(self) -> None:
        self.action_change()

    def action_change(self) -> None:
        key = self.listing.at or ""
        if key in ("from", "host", "trial first"):
            self.action_turn(1)
        elif key == "name":
            self.ask("The worker's name", self._wish.name, lambda text: self._named(text.strip()))
        elif key == "gpus":
            self.ask("GPUs: any, or numbers, as in 0,2", self._wish.gpus, self._on_gpus)
        elif key.startswith("set "):
            self._typed_key = key[4:]
            self.ask(self._typed_key, value_text(self._settings[self._typed_key]), self._typed_value)
        elif key:
            value = self._table.get(key, "")
            self.ask(key, value if isinstance(value, str) else value_text(value), lambda text: self._own(key, text))

    def action_default(self) -> None:
        key = (self.listing.at or "")[4:]
        if key in self._wish.changes:
            changes = {name: value for name, value in self._wish.changes.items() if name != key}
            self._take(dataclasses.replace(self._wish, changes=changes))

    def action_find(self) -> None:
        self.ask("Only settings with", self._word, self._found)

    def action_save(self) -> None:
        self._write(lambda: None)

    def action_start(self) -> None:
        name, trial = self._wish.name, self._trial
        app = self.console
        extra: dict[str, Any] = {"trial": True} if trial else {}

        def go() -> None:
            app.perform("start", (name,), lambda: app.actions.start((name,), **extra))
            if isinstance(app.screen, WorkersScreen):
                app.screen.began(name)

        self._write(go)

    def on_input_changed(self, event: Input.Changed) -> None:
        """A value is being typed: what would the trainer say?"""
        if self._typed_key and self.asking:
            value = self._read(event.value, aloud=False)
            if value is not None:
                self._look_up({**self._wish.changes, self._typed_key: value})

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
        self._resolved = message.resolved
        if message.resolved.table and not self._wish.changes and not self._typed_key:
            self._plain = flat(message.resolved.table)
        self.refresh_page()

    def _typed_value(self, text: str) -> None:
        key = self.listing.at or ""
        value = self._read(text)
        if value is not None:
            self._set(key[4:], value)

    def _read(self, text: str, *, aloud: bool = True) -> Any:
        """What was typed, as a value of the kind that stands there."""
        now = self._settings.get(self._typed_key or (self.listing.at or "")[4:])
        if isinstance(now, str) and not text.strip().startswith(('"', "'")):
            return text.strip()
        try:
            value = read_value(text)
        except ValueError as error:
            if aloud:
                self.console.say(str(error))
            return None
        return (
            float(value) if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool) else value
        )

    def _set(self, key: str, value: Any) -> None:
        changes = {name: kept for name, kept in self._wish.changes.items() if name != key}
        if self._plain.get(key) != value:
            changes[key] = value
        self._take(dataclasses.replace(self._wish, changes=changes))

    def _named(self, name: str) -> None:
        self._take(dataclasses.replace(self._wish, name=name))

    def _on_gpus(self, text: str) -> None:
        self._take(dataclasses.replace(self._wish, gpus=text.replace(" ", "") or room.ANY))

    def _own(self, key: str, text: str) -> None:
        try:
            value = read_value(text) if key == "command" else text.strip()
        except ValueError as error:
            self.console.say(str(error))
            return
        self._take(dataclasses.replace(self._wish, own={**self._wish.own, key: value}))

    def _found(self, word: str) -> None:
        self._word = word.strip()
        self.refresh_page()

    def _take(self, wish: Wish, *, again: bool = False) -> None:
        self._wish = wish
        if again:
            self._plain, self._resolved = {}, None
        self._look_up()
        self.refresh_page()

    def _look_up(self, changes: dict[str, Any] | None = None) -> None:
        """Ask the trainer once nothing more is typed for a moment; an older question is forgotten."""
        base = self._wish.base
        if base.is_command:
            self._resolved = None
            return
        self._asked += 1
        number = self._asked
        sets = {**flat(base.worker.get("set") or {}), **(self._wish.changes if changes is None else changes)}
        folder = self._setup.config.path.absolute().parent

        def ask() -> None:
            if number == self._asked:
                self.post_message(Answered(number, resolve(base.spec, sets, text=base.text, folder=_there(folder))))

        first = self._resolved is None and not self._plain
        self.set_timer(0.001 if first else _PAUSE_S, lambda: threading.Thread(target=ask, daemon=True).start())

    def _write(self, then: Callable[[], object]) -> None:
        """Show the difference and write it, then go on."""
        problems = self._problems
        try:
            draft = self._draft()
            draft.config()
        except (ConfigError, ValueError) as error:
            problems = [*problems, *str(error).splitlines()]
        if problems:
            self.console.say(problems[0])
            return
        if not draft.changes:
            self.dismiss()
            then()
            return

        def written(saved: Draft | None) -> None:
            if saved is not None:
                if self._wish.base.text:
                    atomic.replace(run_file(saved.config(), self._wish.name), self._wish.base.text.encode())
                setting_up.written(self.console, saved, then=then)
                self.dismiss()

        words = ""
        if self._wish.base.text:
            words = f"and beside it {self._wish.name}.toml: the whole configuration of that run"
        self.app.push_screen(SaveDialog(draft, words), written)

    def _draft(self) -> Draft:
        draft, key, table = self._setup.draft(), ("workers", self._wish.name), self._table
        there = draft.table.get("workers", {}).get(self._wish.name)
        if there is None:
            return draft.with_change(key, {name: table[name] for name in sorted(table, key=_place)})
        for name in [*there, *(name for name in table if name not in there)]:
            if there.get(name) != table.get(name):
                draft = draft.with_change((*key, name), table.get(name) or None)
        return draft


def _there(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None


def _place(name: str) -> int:
    order = ("host", "trainer", "command", "set", "folder", "code", "branch", "env")
    return order.index(name) if name in order else len(order)


def _turned(items: Any, now: Any, by: int) -> Any:
    """The next of several."""
    place = items.index(now) if now in items else 0 if by < 0 else -1
    return items[(place + by) % len(items)]
