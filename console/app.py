"""The screen: one app that shows what a `Source` knows and asks `Actions` to do things. It decides nothing."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual.app import App, SuspendNotSupported
from textual.binding import BindingType
from textual.color import Color
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen

from console.fleet.model import RunKey
from console.format import plural
from console.glyphs import ascii_twin
from console.screens import setting_up
from console.screens.base import WorkersScreen
from console.screens.commands import APP_COMMANDS, bindings
from console.screens.deeds import Deed, DeedMoved, Steps
from console.screens.dialog import Dialog
from console.screens.fleet import FleetScreen
from console.screens.help import HelpScreen, groups_of
from console.screens.notes import Notes
from console.screens.page import Page
from console.screens.palette import Commands
from console.screens.picture import Look, Picture, look
from console.screens.reception import Reception
from console.source import Actions, Door, Setup, Source
from console.themes import DARK, LIGHT
from console.widgets.curves import Curves
from remote.errors import RemoteError

REPAINT_S = 0.1  # never more often, however fast the fleet changes


class AsciiOnly(LineFilter):
    """A plain character for every cell that is not ASCII: `--ascii`."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_twin(text), style, control) for text, style, control in segments]


class FleetChanged(Message):
    """The source has a newer fleet."""


class ConsoleApp(App[None]):
    """The console."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "trajconsole"
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar = {Commands}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(APP_COMMANDS)]

    def __init__(
        self,
        source: Source,
        actions: Actions,
        *,
        ascii: bool = False,
        light: bool = False,
        guide: str = "",
        door: Door | None = None,
        clock: Callable[[], float] = time.time,
        look: Look = look,
        setup: Setup | None = None,
    ) -> None:
        super().__init__()
        self.setup = setup
        self._reception = Reception(self, door) if door is not None else None
        self.source, self.actions, self.clock = source, actions, clock
        self.notes, self.curves = Notes(), Curves()
        self._ascii, self.guide, self._look = ascii, guide, look
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = LIGHT.name if light else DARK.name
        self._asked = False  # a repaint is on its way
        self._painted = 0.0
        self._unlisten: Callable[[], None] = lambda: None

    def get_line_filters(self) -> list[LineFilter]:
        return [*super().get_line_filters(), *([AsciiOnly()] if self._ascii else [])]

    def get_default_screen(self) -> Screen[object]:
        return FleetScreen(self.take_picture())  # type: ignore[return-value]

    async def on_mount(self) -> None:
        self.animation_level = "none"
        self.set_class(self._ascii, "ascii")
        self._unlisten = self.source.listen(self.changed)
        self.set_interval(1.0, self.repaint)
        if self.setup is not None:
            self.set_interval(2.0, lambda: setting_up.look_at_file(self))
        await self.source.start()

    async def on_unmount(self) -> None:
        self._unlisten()
        if self._reception is not None:
            self._reception.close()
        await self.source.stop()

    def take_picture(self) -> Picture:
        """The fleet as it is now."""
        picture = self._look(self.source.fleet, self.source.races(), self.clock())
        return Picture(picture.now, picture.fleet, picture.hosts, picture.workers, picture.races, self.guide)

    def changed(self) -> None:
        """The fleet changed: repaint soon, and once for all that changes until then.

        The pump calls this from outside of the app's context, in which a timer would not know its app: a message does.
        """
        if not self._asked:
            self._asked = True
            self.post_message(FleetChanged())

    def on_fleet_changed(self) -> None:
        """Wait for the next moment at which the screen may be painted."""
        self.set_timer(max(0.001, self._painted + REPAINT_S - time.monotonic()), self._due)

    def repaint(self) -> None:
        """Show the fleet as it is now, on the screen in front and on what can be seen behind it."""
        if not self.is_running or not self.screen_stack:
            return
        self._painted = time.monotonic()
        picture = self.take_picture()
        for screen in reversed(self.screen_stack):
            if isinstance(screen, WorkersScreen | Dialog | Page) and screen.is_mounted:
                screen.show(picture)
            if not screen.is_modal:
                break
        if self._reception is not None:
            self._reception.attend(picture.fleet)

    def _due(self) -> None:
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

    def action_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="a command"))

    def action_help(self) -> None:
        self.push_screen(HelpScreen(groups_of(self.screen)))

    def action_new(self) -> None:
        setting_up.new_worker(self)

    def action_edit(self) -> None:
        setting_up.edit(self)

    def action_theme(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name


def run_app(source: Source, actions: Actions, *, door: Door, setup: Setup, ascii: bool = False, guide: str = "") -> int:
    """Show the screen until the person leaves; the exit code. Needs a terminal."""
    app = ConsoleApp(source, actions, door=door, setup=setup, ascii=ascii, guide=guide)
    app.run()
    return app.return_code or 0
