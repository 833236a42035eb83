"""Logs as text, line by line: the end of them, and then what comes."""

import time
from collections.abc import Sequence
from typing import Protocol

from console.format import cell_len, fit
from console.logs.ansi import shown
from console.logs.match import Matcher
from console.logs.of_run import one_source
from console.logs.reading import Readable
from console.logs.since import since
from console.logs.source import LogLine

_TONES = ("accent", "warn", "good", "")
_NAME = 24
_AT_ONCE = 500


class Out(Protocol):
    """Where lines go."""

    def line(self, text: str = "", tone: str = "") -> None: ...


class Printer:
    """Prints lines that are wanted: the last `tail` (0: all) of the last `seconds` (0: all)."""

    def __init__(self, matcher: Matcher | None, tail: int, seconds: float) -> None:
        self._matcher, self._tail, self._seconds = matcher, tail, seconds
        self._printed = 0  # lines of the source, from its begin
        self._version = 0

    def begin(self, files: Sequence[Readable], names: Sequence[str], began: Sequence[float | None]) -> None:
        """Print these."""
        self._source = one_source(files, names, began)
        self._files, self._names = files, names
        self._width = min(_NAME, max(map(cell_len, names)))

    def first(self, out: Out, *, follow: bool = False) -> None:
        """What is there. When following, a last line without its newline waits for the rest of it."""
        source = self._source
        if self._seconds or not self._tail:
            while (errand := source.errand()) is not None:
                errand()()
        place = (since(source, self._seconds) if self._seconds else None) or (0, 0)
        end = source.count - (follow and self._open_ended())
        if self._tail:
            for line in reversed(self._last(place, cut=source.count - end)):
                self._print(line, out)
        else:
            self._print_all(place, out, cut=source.count - end)
        self._printed, self._version = end, source.version

    def more(self, out: Out, *, last: bool = False) -> None:
        """What came since; `last`: nothing more will come."""
        source = self._source
        source.grow(time.time())
        while not source.known(source.end_chunk - 1) and (errand := source.errand()) is not None:
            errand()()
        if source.version != self._version:  # another file took its place: everything is new
            self._printed, self._version = 0, source.version
        end = source.count - (not last and self._open_ended())
        for start in range(self._printed, end, _AT_ONCE):
            for line in source.lines(start, min(end, start + _AT_ONCE)):
                if self._matcher is None or self._matcher(line.raw):
                    self._print(line, out)
        self._printed = max(self._printed, end)

    def _last(self, place: tuple[int, int], cut: int) -> list[LogLine]:
        """The last of the wanted lines, the last first, without the very last `cut`."""
        kept: list[LogLine] = []
        for chunk in range(self._source.end_chunk - 1, place[0] - 1, -1):
            for ordinal in reversed(self._wanted(chunk)):
                if cut and chunk == self._source.end_chunk - 1 and ordinal >= len(self._source.chunk(chunk)) - cut:
                    continue
                if (chunk, ordinal) >= place:
                    kept.append(self._source.chunk(chunk)[ordinal])
                if len(kept) == self._tail:
                    return kept
        return kept

    def _print_all(self, place: tuple[int, int], out: Out, cut: int) -> None:
        source = self._source
        for chunk in range(place[0], source.end_chunk):
            wanted = self._wanted(chunk)
            lines = source.chunk(chunk) if wanted else ()
            most = len(lines) - (cut if chunk == source.end_chunk - 1 else 0)
            for ordinal in wanted:
                if (chunk, ordinal) >= place and ordinal < most:
                    self._print(lines[ordinal], out)

    def _wanted(self, chunk: int) -> Sequence[int]:
        if self._matcher is None:
            return range(len(self._source.chunk(chunk)))
        data = self._source.data(chunk)
        return self._matcher.ordinals(data) if data or self._source.chunk(chunk) else ()

    def _open_ended(self) -> bool:
        """The last line has no newline yet."""
        return len(self._files) == 1 and self._files[0].read(self._files[0].size() - 1, 1) not in (b"", b"\n")

    def _print(self, line: LogLine, out: Out) -> None:
        if len(self._names) == 1:
            out.line(shown(line.raw))
        else:
            name = fit(self._names[line.origin], self._width)
            out.line(f"{name}  {shown(line.raw)}", _TONES[line.origin % len(_TONES)])
