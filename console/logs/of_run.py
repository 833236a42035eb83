"""Which bytes the logs of runs are read from: the mirrored file, else the last lines out of the fleet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.logs.merge import MergedSource
from console.logs.reading import DiskFile, HeldText, Readable
from console.logs.source import FileSource, Source

if TYPE_CHECKING:
    from console.fleet.model import Log, RunKey
    from console.source import Source as FleetSource


class RunLogs:
    """The logs of some runs."""

    def __init__(self, source: "FleetSource", runs: "Sequence[RunKey]") -> None:
        self._source = source
        self.files: list[Readable] = []
        self._held: list[tuple[RunKey, HeldText]] = []
        self._taken: dict[RunKey, Log] = {}
        for run in runs:
            path = source.log_file(run)
            if path is not None:
                self.files.append(DiskFile(path))
                continue
            text = HeldText()
            self.files.append(text)
            self._held.append((run, text))

    def take(self, now: float) -> None:
        """What the fleet has heard since."""
        for key, text in self._held:
            run = self._source.fleet.runs.get(key)
            before = self._taken.get(key)
            if run is None or run.log is before:
                continue
            log = self._taken[key] = run.log
            seen = before.first + len(before.lines) if before is not None else log.first
            if seen < log.first or (before is not None and log.end < before.end):
                text.replace(_data(log.lines[:]), now)
            elif seen < log.first + len(log.lines):
                text.add(_data(log.lines[seen - log.first :]), now)


def one_source(files: Sequence[Readable], names: Sequence[str], began: Sequence[float | None]) -> Source:
    """One file as it is, several merged."""
    return FileSource(files[0], names[0], began[0]) if len(files) == 1 else MergedSource(files, names, began)


def _data(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
