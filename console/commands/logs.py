"""`trajconsole logs`: logs of workers, from this laptop's copy of them, or any files; as text, or on the screen."""

import argparse
import contextlib
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands import common
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from console.engine import Engine
    from console.fleet.model import RunKey
    from console.frame import Paper
    from console.logs.printing import Printer
    from console.logs.reading import Readable

LAST_WORDS_S = 0.5  # the end of a run may be known before the end of its log
LOOK_S = 0.1
EPILOG = """examples:
  trajconsole logs attention -f                      follow one worker
  trajconsole logs attention pretrained --since 5m   two, merged by time
  trajconsole logs attention -n 0 --grep 'nan|inf'   every line with nan or inf
  trajconsole logs --file train.log                  any file, on the screen; in a pipe: as text"""
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)\Z")
_UNITS = {"": 60, "s": 1, "m": 60, "h": 3600, "d": 86400}


def add(parser: argparse.ArgumentParser) -> None:
    parser.epilog, parser.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    parser.add_argument("workers", metavar="WORKER", nargs="*", help="workers; their newest runs, merged by time")
    parser.add_argument("--file", metavar="PATH", action="append", default=[], help="a file of this machine instead")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with new lines until the runs end")
    parser.add_argument(
        "-n", "--lines", "--tail", type=int, metavar="N", help="last N lines (100; with --since all); 0: all"
    )
    parser.add_argument("--grep", metavar="RE", help="only lines in which this is found; small letters find both cases")
    parser.add_argument("--invert", action="store_true", help="only lines in which it is not found")
    parser.add_argument("--since", metavar="SPAN", help="only the log's last 30s, 5m, 2h, 1d; a bare number: minutes")


def run(arguments: argparse.Namespace) -> int:
    if bool(arguments.workers) == bool(arguments.file):
        raise ConfigError([Problem("trajconsole logs", None, "", "names workers, or files with --file")])
    paths = [_file(text) for text in arguments.file]
    asked = (arguments.follow, arguments.grep, arguments.since, arguments.lines is not None)
    if paths and not any(asked) and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return _screen(paths, arguments)
    return _text(arguments, paths)


def _text(arguments: argparse.Namespace, paths: Sequence[Path]) -> int:
    from console import frame
    from console.logs.match import Bad, Matcher
    from console.logs.printing import Printer

    try:
        matcher = Matcher(arguments.grep, invert=arguments.invert) if arguments.grep else None
    except Bad as error:
        raise ConfigError([Problem("--grep", None, arguments.grep, f"not a regular expression: {error}")]) from None
    lines = arguments.lines if arguments.lines is not None else 0 if arguments.since else 100
    since = span(arguments.since) if arguments.since else 0.0
    printer = Printer(matcher, lines, since)
    out = frame.stdout(arguments.ascii)
    if not arguments.file:
        import asyncio

        return asyncio.run(_workers(arguments, printer, out))
    _files(paths, printer, out, follow=arguments.follow)
    return 0


def span(text: str) -> float:
    """Seconds of 30s, 5m, 2h, 1d; a bare number is minutes."""
    found = _SPAN.match(text)
    if found is None:
        raise ConfigError([Problem("--since", None, text, "not a span of time", "30s, 5m, 2h or 1d")])
    return float(found[1]) * _UNITS[found[2]]


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    try:
        with path.open("rb") as file:
            seekable = file.seekable()
    except OSError as error:
        raise ConfigError([Problem("--file", None, text, error.strerror or str(error))]) from None
    if not seekable:
        raise ConfigError([Problem("--file", None, text, "is no file on a disk", "write it to one first")])
    return path


def file_names(paths: Sequence[Path]) -> list[str]:
    """Their names; with folders when they are the same."""
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _screen(paths: Sequence[Path], arguments: argparse.Namespace) -> int:
    from console.logs.first_text import first_text
    from console.logs.of_run import one_source
    from console.logs.reading import DiskFile

    names = file_names(paths)
    source = one_source([DiskFile(path) for path in paths], names, [None] * len(paths))
    with first_text(source, sys.stderr) if len(paths) == 1 and not arguments.ascii else contextlib.nullcontext():
        from console.log_app import LogApp
        from console.screens.log_opening import open_source
        from console.settings import SettingsFile

        settings = SettingsFile(common.state_of(arguments))
        app = LogApp(open_source(source, paths), ascii=arguments.ascii, theme=arguments.theme or "", settings=settings)
    app.run()
    return app.return_code or 0


def _files(paths: Sequence[Path], printer: "Printer", out: "Paper", *, follow: bool) -> None:
    from console.logs.reading import DiskFile

    files: list[Readable] = [DiskFile(path) for path in paths]
    printer.begin(files, file_names(paths), [None] * len(paths))
    printer.first(out, follow=follow)
    while follow:
        time.sleep(LOOK_S)
        printer.more(out)


async def _workers(arguments: argparse.Namespace, printer: "Printer", out: "Paper") -> int:
    import asyncio

    from console.engine import open_engine
    from console.fleet.records import began
    from console.logs.of_run import RunLogs

    async with open_engine(common.engine(arguments)) as engine:
        keys = _keys(engine, arguments.workers)
        logs = RunLogs(engine.pump, keys)
        logs.take(time.time())
        runs = engine.pump.fleet.runs
        printer.begin(logs.files, arguments.workers, [began(runs[key]) if key in runs else None for key in keys])
        printer.first(out, follow=arguments.follow)
        changed = asyncio.Event()
        forget = engine.pump.listen(changed.set)
        while arguments.follow:
            ended = not any(common.row_of(engine, key).state.live for key in keys)
            if ended:
                await asyncio.sleep(LAST_WORDS_S)
            logs.take(time.time())
            printer.more(out, last=ended)
            if ended:
                break
            changed.clear()
            await changed.wait()
        forget()
    return 0


def _keys(engine: "Engine", workers: Sequence[str]) -> "list[RunKey]":
    found = common.newest_keys(engine.config, engine.pump.fleet, workers)
    problems = [
        Problem("trajconsole", None, "", f"{name} was never started", f"trajconsole start {name}")
        for name, key in found.items()
        if key is None
    ]
    if problems:
        raise ConfigError(problems)
    return [key for key in found.values() if key is not None]
