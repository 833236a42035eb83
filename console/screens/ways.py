"""The ways from any screen to the others: which screen is opened for which workers. A screen's code is read when it is
first asked for: the console is on the terminal before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.fleet.cells import WorkerRow
from console.widgets.workers import identity

if TYPE_CHECKING:
    from console.app import ConsoleApp


class Ways:
    """Of one app."""

    def __init__(self, app: "ConsoleApp") -> None:
        self._app = app

    def worker(self, row: WorkerRow | None, tab: str = "overview") -> None:
        """One worker on the whole screen."""
        from console.screens.worker import WorkerScreen  # noqa: PLC0415

        if row is not None:
            self._app.push_screen(WorkerScreen(identity(row), self._app.take_picture(), tab))

    def host(self, name: str) -> None:
        """One host on the whole screen."""
        from console.screens.host import HostScreen  # noqa: PLC0415

        self._app.push_screen(HostScreen(name, self._app.take_picture()))

    def logs(self, rows: Sequence[WorkerRow]) -> None:
        """The logs of workers on the whole screen."""
        from console.screens.log_opening import logs_of  # noqa: PLC0415

        screen = logs_of(self._app.source, rows, self._app.clock)
        if screen is not None:
            self._app.push_screen(screen)
        elif rows:
            self._app.say(f"{rows[0].worker} never ran: there is no log")

    def compare(self, rows: Sequence[WorkerRow]) -> None:
        """Runs beside each other: of several workers, else of the race that one belongs to, else all."""
        from console.screens.compare import CompareScreen, keys_to_compare  # noqa: PLC0415

        picture = self._app.take_picture()
        keys = keys_to_compare(picture, rows)
        if len(keys) > 1:
            self._app.push_screen(CompareScreen(picture, keys))
        else:
            self._app.say("nothing to compare: fewer than two workers have run")

    def standings(self, row: WorkerRow | None) -> None:
        """The race of a worker, else the newest."""
        from console.screens.standings import StandingsScreen  # noqa: PLC0415

        picture = self._app.take_picture()
        names = [race.name for race in picture.races for one in race.standings if row and one.row.worker == row.worker]
        if picture.races:
            self._app.push_screen(StandingsScreen(picture, next(iter(names), "")))
        else:
            self._app.say("no race in the configuration: add [races.NAME] with workers = [...] to config.toml")
