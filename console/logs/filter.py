"""Some of a log's lines: those that a matcher wants, from a place on. Found from the end backward, shown as found."""

from array import array
from collections.abc import Sequence

from console.logs.errand import Errand, Outcome, until
from console.logs.index import Spread
from console.logs.match import Matcher
from console.logs.source import LogLine, Source

Place = tuple[int, int]


class FilterSource:
    """Lines of `base`; all of its own numbers count only what is wanted."""

    def __init__(self, base: Source, matcher: Matcher | None, since: Place = (0, 0)) -> None:
        self.base, self.matcher, self.since = base, matcher, since
        self.names = base.names
        self.version = self.moved = 0
        self._version, self._last, self._grown, self._stale = base.version, 0, 0, False
        self._spread = Spread()
        self._found: dict[int, array[int]] = {}
        self._begin()

    @property
    def count(self) -> int:
        return self._spread.count

    @property
    def whole(self) -> bool:
        return self._spread.first <= self.first_chunk and self._spread.end >= self.base.end_chunk and not self._stale

    @property
    def share(self) -> float:
        all_of_it = max(1, self.base.end_chunk - self.first_chunk)
        return min(1.0, (self._spread.end - self._spread.first) / all_of_it)

    @property
    def first_chunk(self) -> int:
        return max(self.base.first_chunk, self.since[0])

    @property
    def end_chunk(self) -> int:
        return self.base.end_chunk

    def lines(self, start: int, stop: int) -> list[LogLine]:
        found: list[LogLine] = []
        stop = min(stop, self.count)
        if start >= stop:
            return found
        chunk, ordinal = self._spread.find(start)
        while len(found) < stop - start and chunk < self._spread.end:
            found += self.chunk(chunk)[ordinal:] if chunk in self._found else ()
            chunk, ordinal = chunk + 1, 0
        return found[: stop - start]

    def place(self, line: int) -> Place:
        chunk, ordinal = self._spread.find(line)
        return chunk, self._found[chunk][ordinal]

    def number(self, chunk: int, ordinal: int) -> int:
        """The line that stands at a place of the base, or the next after it."""
        found = self._found.get(chunk, ())
        return self._spread.number(chunk, sum(1 for other in found if other < ordinal))

    def known(self, chunk: int) -> bool:
        return self._spread.first <= chunk < self._spread.end

    def chunk(self, chunk: int) -> list[LogLine]:
        found = self._found.get(chunk)
        if not found:
            return []
        lines = self.base.chunk(chunk)
        return [lines[ordinal] for ordinal in found if ordinal < len(lines)]

    def data(self, chunk: int) -> bytes:
        return b"\n".join(line.raw for line in self.chunk(chunk))

    def time(self, chunk: int, line: LogLine) -> float | None:
        return self.base.time(chunk, line)

    def grow(self, now: float) -> bool:
        """The base has been asked already: only what follows from it."""
        if self.base.version != self._version:
            self.since = (0, 0)
            self.version += 1
            self._begin()
            return True
        return False

    def grew(self) -> None:
        """The base has more lines at its end: what was its last chunk is looked at again."""
        self._grown += 1
        self._stale = self._stale or self._spread.end >= self._last
        self._last = self.base.end_chunk

    def errand(self) -> Errand | None:
        if self.matcher is not None and self.matcher.hopeless:
            return None
        first, end, chunks = self._spread.first, self._spread.end, self.base.end_chunk
        if self._stale or end < chunks:
            begin = max(self.first_chunk, end - 1 if self._stale else end)
            self._stale = False
            return lambda: self._look(range(begin, chunks), ahead=True)
        if first > self.first_chunk:
            return lambda: self._look(range(first - 1, self.first_chunk - 1, -1), ahead=False)
        return None

    def to_head(self) -> None: ...

    def to_tail(self) -> None: ...

    def close(self) -> None: ...

    def _begin(self) -> None:
        self.moved = 0
        self._version = self.base.version
        self._last = self.base.end_chunk
        self._spread = Spread(max(self.first_chunk, self._last - 1))
        self._found = {}
        self._stale = False  # its last chunk has grown since it was looked at
        self._grown = 0

    def _look(self, chunks: range, *, ahead: bool) -> Outcome:
        found: list[tuple[int, array[int]]] = []
        go_on, version, grown = until(), self.base.version, self._grown
        for chunk in chunks:
            found.append((chunk, self._wanted(chunk)))
            if not go_on():
                break
        return lambda: self._take(found, (version, grown), ahead=ahead)

    def _wanted(self, chunk: int) -> "array[int]":
        lines = self.base.chunk(chunk) if self.matcher is None else None
        data = b"" if lines is not None else self.base.data(chunk)
        if self.matcher is None:
            wanted = array("H", range(len(lines or ())))
        elif data or self.base.chunk(chunk):
            wanted = self.matcher.ordinals(data)
        else:
            wanted = array("H")
        if chunk == self.since[0] and self.since[1]:
            wanted = array("H", [ordinal for ordinal in wanted if ordinal >= self.since[1]])
        return wanted

    def _take(self, found: "Sequence[tuple[int, array[int]]]", seen: tuple[int, int], *, ahead: bool) -> None:
        version, grown = seen
        if version != self._version or not found:
            return
        if ahead:
            self._spread.drop_back(found[0][0])
            if found[0][0] != self._spread.end:
                return
        elif found[0][0] != self._spread.first - 1:
            return
        for chunk, wanted in found:
            if wanted:
                self._found[chunk] = wanted
            else:
                self._found.pop(chunk, None)
        counts = [len(wanted) for _, wanted in found]
        if ahead:
            self._spread.add_back(counts)
            self._stale = self._stale or grown != self._grown
        else:
            self._spread.add_front(counts)
            self.moved += sum(counts)
