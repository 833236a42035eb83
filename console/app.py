"""The screen: one app that shows what a `Source` knows and asks `Actions` to do things. It decides nothing."""

import asyncio
import gc
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from textual.app import SuspendNotSupported
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from console import afterimage
from console.charts.memory import ChartMemory
from console.clipboard import copy
from console.editing.once import Once
from console.fleet.model import Run, RunKey
from console.format import plural
from console.happened import Diary
from console.screens import setting_up
from console.screens.asked import Known
from console.screens.base import WorkersScreen
from console.screens.commands import CONFIG_COMMANDS, bindings
from console.screens.deeds import Deed, DeedMoved, Steps
from console.screens.dialog import Dialog
from console.screens.fleet import FleetScreen
from console.screens.notes import Notes
from console.screens.page import Page
from console.screens.picture import Picture, Remembering
from console.screens.reception import Reception
from console.screens.toasts import Toasts
from console.screens.ways import Ways
from console.settings import SettingsFile
from console.shell import Shell
from console.source import Actions, Door, Setup, Source
from remote.errors import RemoteError

REPAINT_S = 0.1  # never more often, however fast the fleet changes
LONGEST_S, SHARE = 0.5, 0.1  # a repaint that takes long comes less often, so that it takes no more than this share
BURST, BURST_S = 5, 1.25  # what comes now and then is painted at once; of a stream, four times a second is enough
COLLECT = (10_000, 20, 50)  # the collector's thresholds: new objects, then generations
TICK_S = 1.0  # ages grow, and figures that move all the time are shown


class FleetChanged(Message):
    """The source has a newer fleet."""


class ConsoleApp(Shell):
    """The console."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CONFIG_COMMANDS)]

    def __init__(
        self,
        source: Source,
        actions: Actions,
        *,
        ascii: bool = False,
        theme: str = "",
        settings: SettingsFile | None = None,
        guide: str = "",
        door: Door | None = None,
        clock: Callable[[], float] = time.time,
        look: Remembering | None = None,
        setup: Setup | None = None,
        last: Path | None = None,
        every: float = 0.0,
    ) -> None:
        """`every`: seconds between two repaints at least, for a slow line."""
        super().__init__(ascii=ascii, theme=theme, settings=settings)
        self.setup, self._every = setup, every
        self._reception = Reception(self, door) if door is not None else None
        self.source, self.actions, self.clock = source, actions, clock
        self.notes = Notes()
        kept = self.settings
        self.charts = ChartMemory(kept.value.charts, lambda chosen: kept.change(charts=chosen))
        self.toasts = Toasts(self)
        self.ways, self.once, self._last = Ways(self), Once(), last
        self.known_hosts: dict[str, Known] = {}
        self.guide, self._look, self.diary = guide, look or Remembering(), Diary()
        self._asked = False  # a repaint is on its way
        self._news = 0  # of the fleet that was painted
        self._followed: dict[RunKey, Run | None] = {}  # the runs that were painted with their lines and rows
        self._cost = 0.0  # seconds that the last repaint took
        self._ahead = 0.0  # of it, what was done before
        self._painted = 0.0
        self._paints: deque[float] = deque(maxlen=BURST)  # when the last ones were
        self._unlisten: Callable[[], None] = lambda: None

    def get_default_screen(self) -> Screen[object]:
        return FleetScreen(self.take_picture())  # type: ignore[return-value]

    async def on_mount(self) -> None:
        self._unlisten = self.source.listen(self.fleet_changed)
        self.set_interval(max(TICK_S, self._every), self._tick)
        self.set_interval(60.0, self._keep_last)
        problem = self.settings.take_problem()
        if problem:
            self.call_after_refresh(self.say, problem)
        if self.setup is not None:
            self.set_interval(2.0, lambda: setting_up.look_at_file(self))
        self.call_after_refresh(self.source.start)  # the first frame waits for nothing
        self.call_after_refresh(_collect_seldom)

    async def on_unmount(self) -> None:
        self._unlisten()
        if self._reception is not None:
            self._reception.close()
        await self.source.stop()
        self.once.close()

    def take_picture(self) -> Picture:
        """The fleet as it is now."""
        picture = self._look(self.source.fleet, self.source.races(), self.clock())
        return Picture(picture.now, picture.fleet, picture.hosts, picture.workers, picture.races, self.guide)

    def fleet_changed(self) -> None:
        """The source has a newer fleet: what is no news in it waits for the tick."""
        fleet = self.source.fleet
        if fleet.news != self._news or any(_in_sight(run, fleet.runs.get(k)) for k, run in self._followed.items()):
            self.changed()

    def changed(self) -> None:
        """Something on the screen changed: repaint soon, and once for all that changes until then.

        The pump calls this from outside of the app's context, in which a timer would not know its app: a message does.
        """
        if not self._asked:
            self._asked = True
            self.post_message(FleetChanged())

    def on_fleet_changed(self) -> None:
        """Wait for the next moment at which the screen may be painted."""
        pause = max(REPAINT_S, self._every, min(LONGEST_S, self._cost / SHARE))
        due = max(self._painted + pause, self._paints[0] + BURST_S if len(self._paints) == BURST else 0.0)
        self.set_timer(max(0.001, due - time.monotonic()), self._due)

    def repaint(self) -> None:
        """Show the fleet as it is now, on the screen in front and on what can be seen behind it."""
        if not self.is_running or not self.screen_stack:
            return
        self._painted = time.monotonic()
        self._paints.append(self._painted)
        self.diary.look(self.source.fleet)
        picture = self.take_picture()
        self.toasts.look(picture)
        self._news = picture.fleet.news
        for screen in reversed(self.screen_stack):
            if isinstance(screen, WorkersScreen | Dialog | Page) and screen.is_mounted:
                screen.show(picture)
            if isinstance(screen, WorkersScreen):
                self._followed = {key: picture.fleet.runs.get(key) for key in screen.follows}
            if not screen.is_modal:
                break
        self._cost, self._ahead = self._ahead + time.monotonic() - self._painted, 0.0
        if self._reception is not None:
            self._reception.attend(picture.fleet)

    def exit(self, *what: Any, **more: Any) -> None:
        self._keep_last()
        super().exit(*what, **more)

    def _keep_last(self) -> None:
        """What the next console shows before it has anything else."""
        if self._last is not None and self.screen_stack:
            lines = [strip.text for strip in self.screen_stack[0]._compositor.render_strips()]
            afterimage.keep(self._last, lines, self.clock())

    async def _tick(self) -> None:
        if not self._asked and time.monotonic() - self._painted > TICK_S / 2:
            self._asked = True
            await self._due()

    async def _due(self) -> None:
        self._ahead = 0.0
        await self._prepare(self._look.ahead(self.source.fleet, self.clock()))

    async def _prepare(self, rows: Iterator[None]) -> None:
        """Work out a few rows; keys come before the next ones."""
        began = time.monotonic()
        more = next(rows, False) is None
        self._ahead += time.monotonic() - began
        if more:
            await asyncio.sleep(0)  # for the widgets; then this app's own messages
            self.call_next(self._prepare, rows)
        else:
            self._asked = False
            self.repaint()

    def perform(self, name: str, workers: tuple[str, ...], steps: Steps) -> Deed:
        """Begin an action; its steps are shown as they come."""
        deed = Deed(name, workers, steps, self.post_message)
        self.notes.moved(deed, self.clock())
        deed.begin()
        return deed

    def on_deed_moved(self, message: DeedMoved) -> None:
        message.deed.take()
        self.notes.moved(message.deed, self.clock())
        self.changed()

    def say(self, text: str) -> None:
        """A short answer to a key."""
        self.notes.say(text, self.clock())
        self.repaint()

    def copy_text(self, text: str) -> None:
        """To the clipboard of the terminal that the person sits at."""
        copy(self, text)
        self.say(f"copied: {text.partition(chr(10))[0]}")

    def leave(self) -> None:
        """Quit, unless an action would be left half done."""
        busy = self.notes.busy
        if busy:
            names = ", ".join(f"{deed.name} {', '.join(deed.workers)}" for deed in busy)
            self.say(f"{plural(len(busy), 'action')} still at work: {names}   ctrl+c: leave all the same")
        else:
            self.exit()

    def admit(self) -> None:
        """Deal with hosts that wait for a person."""
        if self._reception is not None:
            self._reception.admit(self.source.fleet)

    def attach(self, run: RunKey) -> None:
        """Give the terminal to the worker's session until the person comes back."""
        try:
            argv = self.actions.attach_argv(run)
            with self.suspend():
                code = subprocess.run(argv, check=False).returncode
        except (SuspendNotSupported, OSError, ValueError, RemoteError) as error:
            self.say(f"cannot attach: {error}")
        else:
            self.say(f"the session ended with code {code}" if code else "back from the session")

    def action_hosts(self) -> None:
        setting_up.add_hosts(self)

    def action_new(self) -> None:
        setting_up.new_worker(self)

    def action_edit(self) -> None:
        setting_up.edit(self)

    def action_test_alerts(self) -> None:
        ways = self.setup.config.alerts if self.setup is not None else {}
        rung = self.toasts.test()
        others = tuple(name for name in ways if name not in rung)
        if others:
            self.perform("test alerts", others, lambda: self.actions.test_alerts(others))
        if rung:
            self.say(f"this terminal was rung: {', '.join(rung)}")
        elif not others:
            self.say("no way to tell anybody is configured: add [alerts.NAME] to config.toml")

    def action_toasts(self) -> None:
        shown = not self.settings.value.toasts
        self.settings.change(toasts=shown)
        self.say("what ends, wins or fails is told in the corner" if shown else "nothing is told in the corner")


def _in_sight(before: Run | None, after: Run | None) -> bool:
    """Whether a run that is followed has a line, an event or a row that was not painted. A stream of rows only moves
    the end of its curves."""
    if before is None or after is None:
        return before is not after
    told = before.log is not after.log or before.events is not after.events
    return told or (before.rows is not after.rows and not after.rows.streaming)


def _collect_seldom() -> None:
    """What is there now stays; the values of fleets hold no circles, so that looking for them can wait. A look through
    all objects would be a pause that every key has to wait for."""
    gc.freeze()
    gc.set_threshold(*COLLECT)


def run_app(app: ConsoleApp) -> int:
    """Show the screen until the person leaves; the exit code. Needs a terminal."""
    app.run()
    return app.return_code or 0
