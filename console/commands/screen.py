"""No command: the screen. Without a terminal, one plain frame."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from console.commands import common

if TYPE_CHECKING:
    from console.config import Config
    from console.source import Actions


def run(arguments: argparse.Namespace) -> int:
    # Textual reads from the one and draws on the others.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        from console.commands import status

        arguments.json, arguments.once, arguments.all = False, True, False
        status.run(arguments)
        return 0
    from console.app import ConsoleApp, run_app
    from console.door import HostDoor, Questions
    from console.settings import SettingsFile

    questions = Questions()
    engine = common.engine(arguments, ask=questions.ask, later=True)
    door = HostDoor(questions, engine.hosts, engine.pump.retry)
    guide = "" if arguments.config else _guide(engine.config)
    app = ConsoleApp(
        engine.pump,
        cast("Actions", _Later(lambda: engine.actions)),
        door=door,
        ascii=arguments.ascii,
        theme=arguments.theme or "",
        settings=SettingsFile(common.state_of(arguments)),
        guide=guide,
    )
    try:
        return run_app(app)
    finally:
        questions.close()
        engine.hosts.close()


class _Later:
    """Stands for an object that is made when it is first asked for something: the first frame asks for nothing."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return getattr(self._make(), name)


def _guide(config: "Config") -> str:
    """What a newcomer should know when nothing was configured yet."""
    from console.config import shipped

    if config.path != shipped():
        return ""
    return "Nothing is configured yet: this machine is your first host. R starts the example race, about 3 minutes."
