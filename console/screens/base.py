"""What every screen of workers can do: the actions, asked for here and done by `console.source.Actions`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from console.fleet.cells import WorkerRow
from console.fleet.model import RunKey
from console.format import plural
from console.pulling.options import DEFAULT_FOLDER
from console.screens.commands import COMMANDS, VIEW_COMMANDS, WORKER_COMMANDS, bindings, method
from console.screens.hints import hints_of
from console.screens.picture import Picture
from console.screens.pull import PullDialog
from console.screens.race import RaceDialog
from console.screens.stop import StopDialog
from console.widgets.block import Block
from console.widgets.heading import keys

if TYPE_CHECKING:
    from console.app import ConsoleApp


_CHANGING = frozenset(method(item.action) for item in COMMANDS if item.changes)
_NAMED = frozenset(method(item.action) for item in (*WORKER_COMMANDS, *VIEW_COMMANDS) if "." not in item.action)


class WorkersScreen(Screen[None]):
    """A screen on which workers can be chosen."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(WORKER_COMMANDS),
        *bindings(VIEW_COMMANDS),
        Binding("escape", "back", "back", tooltip="clear the filter, then go back; never leaves", show=False),
        Binding("q", "leave", "quit", tooltip="back; on the first screen: quit. Workers are never touched"),
    ]
    picture: Picture

    @property
    def console(self) -> "ConsoleApp":
        """The app, typed."""
        return cast("ConsoleApp", self.app)

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        """The workers that an action is for."""
        raise NotImplementedError

    @property
    def follows(self) -> tuple[RunKey, ...]:
        """Runs whose lines and rows are in sight: what comes of them is shown at once."""
        return keys_of(self.marked[:1])

    def show(self, picture: Picture) -> None:
        """A new picture."""
        raise NotImplementedError

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.console.changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.console.source.readonly and action in _CHANGING:
            return False
        if action in _NAMED and not hasattr(self, f"action_{action}"):
            return False  # a key that belongs to another screen does not show up in the help of this one
        return super().check_action(action, parameters)

    def action_start(self) -> None:
        rows = [row for row in self.marked if not row.state.live]
        if rows:
            names = tuple(row.worker for row in rows)
            self.console.perform("start", names, lambda: self.console.actions.start(names))
        elif self.marked:
            self.console.say(f"{self.marked[0].worker} is {self.marked[0].state.name} already   x: stop")

    def action_resume(self) -> None:
        rows = [row for row in self.marked if not row.state.live and row.key is not None]
        if rows:
            runs = keys_of(rows)
            self.console.perform("resume", tuple(row.worker for row in rows), lambda: self.console.actions.resume(runs))
        elif self.marked:
            row = self.marked[0]
            has = "never ran: s starts it" if row.key is None else f"is {row.state.name}: there is nothing to resume"
            self.console.say(f"{row.worker} {has}")

    def action_stop(self) -> None:
        self._ask_to_end(kill=False)

    def action_kill(self) -> None:
        self._ask_to_end(kill=True)

    def action_race(self) -> None:
        races = self.console.source.races()
        if len(races) == 1 and self.picture.untouched:  # the first thing a newcomer does: nothing to choose or to lose
            (name,) = races
            self.console.perform("race", races[name], lambda: self.console.actions.race(name))
            self._raced(races[name][0])
        elif races:
            self.console.push_screen(RaceDialog(self.picture), self._raced)
        else:
            self.console.say("no race in the configuration: add [races.NAME] with workers = [...] to config.toml")

    def action_pull(self) -> None:
        rows = [row for row in self.marked if row.key is not None]
        if rows:
            self.console.push_screen(PullDialog(rows, Path(DEFAULT_FOLDER)))
        elif self.marked:
            self.console.say(f"{self.marked[0].worker} never ran: there is nothing to pull")

    def action_attach(self) -> None:
        row = next((row for row in self.marked if row.key is not None), None)
        if row is None or row.key is None or not row.state.live:
            self.console.say("nothing runs here to attach to")
        else:
            self.console.attach(row.key)

    def action_compare(self) -> None:
        self.console.ways.compare(self.marked)

    def action_standings(self) -> None:
        self.console.ways.standings(next(iter(self.marked), None))

    def action_pictures(self) -> None:
        self.console.ways.worker(next(iter(self.marked), None), "pictures")

    def action_difference(self) -> None:
        self.console.ways.worker(next(iter(self.marked), None), "settings")

    def action_full_log(self) -> None:
        self.console.ways.logs(self.marked)

    def on_log_pane_opened(self) -> None:
        self.action_full_log()

    def action_admit(self) -> None:
        self.console.admit()

    def action_leave(self) -> None:
        raise NotImplementedError

    def hints(self) -> list[tuple[str, str]]:
        """Keys for the foot of the screen, from the bindings in force."""
        return hints_of(self, [item.action for item in COMMANDS])

    def show_hints(self) -> None:
        """The foot of the screen."""
        hints = self.hints()
        self.query_one("#keys", Block).show(lambda width: [keys(hints, width)])

    def show_notes(self) -> None:
        """What is said above it."""
        row = next(iter(self.marked), None)
        app = self.console
        self.query_one("#notes", Block).show(lambda width: app.notes.lines(app.clock(), width, row))

    def began(self, worker: str) -> None:
        """A worker was started from elsewhere: put the cursor on it."""
        self._raced(worker)

    def _raced(self, worker: str | None) -> None:
        """A race was started: put the cursor on its first worker."""

    def _ask_to_end(self, *, kill: bool) -> None:
        rows = [row for row in self.marked if row.state.live and row.key is not None]
        own = [row for row in rows if not row.adopted]
        if own:
            self.console.push_screen(StopDialog(own, kill=kill))
        elif rows:
            self.console.say(f"{rows[0].worker} was adopted: it is only looked at, end it where it was started")
        elif self.marked:
            row = self.marked[0]
            others = f" and {plural(len(self.marked) - 1, 'other')}" if len(self.marked) > 1 else ""
            self.console.say(f"{row.worker}{others}: {row.state.name}, nothing to stop")


def keys_of(rows: Sequence[WorkerRow]) -> tuple[RunKey, ...]:
    """The runs of rows that have one."""
    return tuple(row.key for row in rows if row.key is not None)
