"""The log screen for workers, or for files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from console.fleet.cells import WorkerRow
from console.fleet.records import began
from console.logs.merge import MOST
from console.logs.of_run import RunLogs, one_source
from console.logs.reader import Reader
from console.logs.source import Source as LogSource
from console.screens.logs import LogsScreen
from console.source import Source


def logs_of(source: Source, rows: Sequence[WorkerRow], clock: Callable[[], float]) -> LogsScreen | None:
    """The screen for these workers' newest runs; None when none of them ever ran."""
    runs = [row for row in rows if row.key is not None][:MOST]
    if not runs:
        return None
    keys = [row.key for row in runs if row.key is not None]
    logs = RunLogs(source, keys)
    logs.take(clock())
    starts = [began(source.fleet.runs[key]) if key in source.fleet.runs else None for key in keys]
    names = [row.worker for row in runs]
    if len(set(names)) < len(names):
        names = [f"{row.worker}@{row.host}" for row in runs]

    title = f"on {runs[0].host} · {keys[0].run}" if len(runs) == 1 else "merged by time"
    return LogsScreen(Reader(one_source(logs.files, names, starts)), title, lambda: logs.take(clock()))


def open_source(source: LogSource, paths: Sequence[Path]) -> LogsScreen:
    """The screen for files of this machine."""
    return LogsScreen(Reader(source), folder_of(paths[0]) if len(paths) == 1 else "merged by time")


def folder_of(path: Path) -> str:
    """Where it lies."""
    return str(path.absolute().parent)
