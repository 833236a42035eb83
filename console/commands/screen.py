"""No command: the screen. Without a terminal, one plain frame."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from console import afterimage
from console.commands import common

if TYPE_CHECKING:
    from pathlib import Path

    from console.config import Config
    from console.recording.recorder import Recorder
    from console.source import Actions


def run(arguments: argparse.Namespace) -> int:
    # Textual reads from the one and draws on the others; behind a browser its driver does both.
    served = os.environ.get("TEXTUAL_DRIVER", "").startswith("console.serving")
    if not served and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        from console.commands import status

        arguments.json, arguments.once, arguments.all = False, True, False
        status.run(arguments)
        return 0
    last = _afterimage(arguments)
    shown = not served and afterimage.show(last, sys.stdout)
    try:
        return _run(arguments, last)
    except BaseException:
        if shown:
            afterimage.clear(sys.stdout)
        raise


def _afterimage(arguments: argparse.Namespace) -> "Path":
    """Where the last frame of this configuration lies."""
    from pathlib import Path

    from console import config

    return afterimage.path_of(common.state_of(arguments), config.find(arguments.config, Path.cwd()))


def _run(arguments: argparse.Namespace, last: "Path") -> int:
    from console.app import ConsoleApp, run_app
    from console.door import HostDoor, Questions
    from console.settings import SettingsFile
    from console.setup import EngineSetup

    questions = Questions()
    recorder = _recorder(arguments.record) if arguments.record else None
    # What a recording begins with is read at once: it keeps everything in its order.
    engine = common.engine(arguments, ask=questions.ask, later=recorder is None, recorder=recorder)
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
        setup=EngineSetup(engine, questions),
        last=last,
        every=arguments.refresh or 0.0,
    )
    try:
        return run_app(app)
    finally:
        questions.close()
        engine.hosts.close()
        if recorder is not None:
            recorder.close()
            if recorder.problem:
                print(f"trajconsole: {recorder.problem}", file=sys.stderr)


def _recorder(file: str) -> "Recorder":
    from pathlib import Path

    from console.recording.recorder import Recorder
    from trainer.schema import ConfigError, Problem

    try:
        return Recorder(Path(file).expanduser())
    except OSError as error:
        mend = "name another: a recording is never written over" if isinstance(error, FileExistsError) else ""
        raise ConfigError([Problem(file, None, "", f"cannot be recorded to: {error.strerror}", mend)]) from None


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
    from console.editing.sshhosts import ssh_file
    from remote.ssh.aliases import aliases

    found = len(aliases(ssh_file()))
    hosts = f"h adds hosts from ~/.ssh/config ({found} found)." if found else "h adds a host behind ssh."
    first = "Nothing is configured yet: this machine is your first host."
    return f"{first} R starts the example race, about 3 minutes. {hosts}"
