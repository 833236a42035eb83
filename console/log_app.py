"""The log screen alone: `trajconsole logs --file PATH` needs no hosts and no fleet."""

from textual.screen import Screen

from console.screens.logs import LogsScreen
from console.settings import SettingsFile
from console.shell import Shell


class LogApp(Shell):
    """One log screen, in the colours that were chosen on the large one."""

    def __init__(
        self, logs: LogsScreen, *, ascii: bool = False, theme: str = "", settings: SettingsFile | None = None
    ) -> None:
        super().__init__(ascii=ascii, theme=theme, settings=settings)
        self._logs = logs

    def get_default_screen(self) -> Screen[object]:
        return self._logs  # type: ignore[return-value]
