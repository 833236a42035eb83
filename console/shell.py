"""What every app of ours has, whatever it shows: themes, plain characters on request, help, the palette."""

from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.filter import LineFilter

from console.looks import looks
from console.screens.commands import SHELL_COMMANDS, bindings
from console.screens.help import HelpScreen, groups_of
from console.screens.palette import Commands
from console.screens.theme import choose_theme
from console.settings import SettingsFile
from console.themes import THEMES, first_theme


class Shell(App[None]):
    """Says nothing of what it shows: that is its first screen's."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "trajconsole"
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar = {Commands}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(SHELL_COMMANDS)]

    def __init__(self, *, ascii: bool = False, theme: str = "", settings: SettingsFile | None = None) -> None:
        super().__init__()
        self._ascii, self.settings = ascii, settings or SettingsFile(None)
        for item in THEMES.values():
            self.register_theme(item)
        self.theme = first_theme(theme, self.settings.value.theme, colours=not self.no_color)
        self.animation_level = "none"
        self.set_class(ascii, "ascii")

    def get_line_filters(self) -> list[LineFilter]:
        own, ansi = super().get_line_filters(), self.native_ansi_color
        return looks(own, ascii=self._ascii, colours=not self.no_color, ansi=ansi)

    def action_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="a command"))

    def action_help(self) -> None:
        self.push_screen(HelpScreen(groups_of(self.screen)))

    def action_theme(self) -> None:
        choose_theme(self)
