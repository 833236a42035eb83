"""The log screen alone: `trajconsole logs --file PATH` needs no hosts and no fleet."""

from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.screen import Screen

from console.looks import AsciiOnly
from console.screens.commands import APP_COMMANDS, bindings
from console.screens.help import HelpScreen, groups_of
from console.screens.logs import LogsScreen
from console.screens.palette import Commands
from console.themes import DARK, LIGHT


class LogApp(App[None]):
    """One log screen."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "trajconsole"
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar = {Commands}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(APP_COMMANDS)]

    def __init__(self, logs: LogsScreen, *, ascii: bool = False) -> None:
        super().__init__()
        self._logs, self._ascii = logs, ascii
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def get_line_filters(self) -> list[LineFilter]:
        return [*super().get_line_filters(), *([AsciiOnly()] if self._ascii else [])]

    def get_default_screen(self) -> Screen[object]:
        return self._logs  # type: ignore[return-value]

    def on_mount(self) -> None:
        self.animation_level = "none"
        self.set_class(self._ascii, "ascii")

    def action_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="a command"))

    def action_help(self) -> None:
        self.push_screen(HelpScreen(groups_of(self.screen)))

    def action_theme(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name
