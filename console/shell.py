"""What every app of ours has, whatever it shows: themes, plain characters on request, help, the palette.

Keys mean what they would if they were typed slowly. The library hands a key to the pane in front and hears of it again
when the pane has no use for it; keys that were pasted are on their way by then, and `/` would open its box too late for
the word behind it. Here a key that is bound is acted on before the next one is looked at, and keys that come before a
new screen stands wait for it.
"""

from collections import deque
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.widgets import Input

from console.looks import looks
from console.screens.commands import SHELL_COMMANDS, bindings
from console.screens.help import HelpScreen, groups_of
from console.screens.palette import Commands
from console.screens.theme import choose_theme
from console.settings import SettingsFile
from console.themes import THEMES, first_theme

_LOOK_S, _LOOKS = 0.005, 200  # how often a new screen is looked at while keys wait for it, and how many times


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
        self._waiting: deque[events.Key] = deque()  # keys that came before the screen they are for
        self._looks = 0
        self.animation_level = "none"
        self.set_class(ascii, "ascii")

    def get_line_filters(self) -> list[LineFilter]:
        own, ansi = super().get_line_filters(), self.native_ansi_color
        return looks(own, ascii=self._ascii, colours=not self.no_color, ansi=ansi)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._waiting or not self._stands:
                self._waiting.append(event)
                if len(self._waiting) == 1:
                    self._looks = 0
                    self.set_timer(_LOOK_S, self._hand_over)
                return
            await self._key(event)
        else:
            await super().on_event(event)

    async def _key(self, event: events.Key) -> None:
        self.app_focus = True
        typing = isinstance(self.focused, Input)
        if typing or not (
            await self._check_bindings(event.key, priority=True) or await self._check_bindings(event.key)
        ):
            await super().on_event(event)

    @property
    def _stands(self) -> bool:
        """The screen in front has been made, and has its focus."""
        screen = self.screen
        return screen.is_mounted and (screen.focused is not None or screen.AUTO_FOCUS == "")

    async def _hand_over(self) -> None:
        """Keys that waited, in their order, as far as the screens for them stand."""
        self._looks += 1
        while self._waiting and (self._stands or self._looks >= _LOOKS):
            await self._key(self._waiting.popleft())
            if not self._stands:
                self._looks = 0
        if self._waiting:
            self.set_timer(_LOOK_S, self._hand_over)

    def action_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="a command"))

    def action_help(self) -> None:
        self.push_screen(HelpScreen(groups_of(self.screen)))

    def action_theme(self) -> None:
        choose_theme(self)
