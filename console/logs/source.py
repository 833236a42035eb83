"""Numbered lines of a log: the interface, and the one of a single file.

Lines are numbered from 0 within what is known: `moved` tells how many were added before the first, so that a view can
keep its place. A file is known from its end backward (or from its head forward) until both meet: `whole`.
"""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from console.logs.errand import Errand, Outcome, until
from console.logs.index import Spread
from console.logs.reading import LONGEST, Readable, end_of_line, long_line
from console.logs.stamps import Clock

BLOCK = 64 * 1024
_AT_ONCE = 16  # blocks that are counted before the first picture
_ENOUGH = 300  # lines wanted for it
_SLACK = 4 * 1024  # read with a block: most lines that leave it end there
_KEPT = 48  # chunks whose lines are kept


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line as it came. `origin` tells which of several logs it is from."""

    raw: bytes
    origin: int = 0


class Source(Protocol):
    """Lines by number."""

    version: int  # another one: every number is void
    moved: int

    @property
    def names(self) -> Sequence[str]:
        """Of the logs, by a line's `origin`."""

    @property
    def count(self) -> int: ...
    @property
    def whole(self) -> bool:
        """Nothing is missing before the first line or behind the last: numbers are exact."""

    @property
    def share(self) -> float:
        """How much of what there is has been looked at."""

    @property
    def first_chunk(self) -> int: ...
    @property
    def end_chunk(self) -> int: ...
    def lines(self, start: int, stop: int) -> list[LogLine]: ...
    def place(self, line: int) -> tuple[int, int]:
        """A line's chunk, and which of its lines it is: what stays true when lines are added before."""

    def number(self, chunk: int, ordinal: int) -> int: ...
    def known(self, chunk: int) -> bool:
        """Lines of this chunk have numbers."""

    def chunk(self, chunk: int) -> Sequence[LogLine]:
        """The lines that begin in it. Safe in any thread."""

    def data(self, chunk: int) -> bytes:
        """The same with newlines between them. Safe in any thread."""

    def time(self, chunk: int, line: LogLine) -> float | None:
        """When the line was written, as far as it can be told. In the order of the lines only."""

    def grow(self, now: float) -> bool:
        """Look for more; True when something changed."""

    def errand(self) -> Errand | None:
        """What is to be found out next."""

    def to_head(self) -> None:
        """Be known from the head on."""

    def to_tail(self) -> None:
        """Be known up to the end."""

    def close(self) -> None: ...


class FileSource:
    """One file."""

    def __init__(self, file: Readable, name: str = "", began: float | None = None) -> None:
        self.names = (name,)
        self.version = self.moved = 0
        self.file, self._began = file, began
        self._size = file.size()
        self._file_version = file.version
        self._kept: OrderedDict[int, list[LogLine]] = OrderedDict()
        self._ends: dict[int, int] = {}  # long lines: beginning → how far no newline was found
        self._spread = Spread()
        self.clock = Clock(file, began)
        self.to_tail()

    @property
    def count(self) -> int:
        return self._spread.count

    @property
    def whole(self) -> bool:
        return self._spread.first == 0 and self._spread.end == self.end_chunk

    @property
    def share(self) -> float:
        return (self._spread.end - self._spread.first) / max(1, self.end_chunk)

    @property
    def first_chunk(self) -> int:
        return 0

    @property
    def end_chunk(self) -> int:
        return -(-self._size // BLOCK)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def lines(self, start: int, stop: int) -> list[LogLine]:
        stop = min(stop, self.count)
        found: list[LogLine] = []
        if start >= stop:
            return found
        chunk, ordinal = self._spread.find(start)
        while len(found) < stop - start and chunk < self._spread.end:
            if self._spread.counted(chunk):
                found += self.chunk(chunk)[ordinal:]
            chunk, ordinal = chunk + 1, 0
        return found[: stop - start]

    def place(self, line: int) -> tuple[int, int]:
        return self._spread.find(line)

    def number(self, chunk: int, ordinal: int) -> int:
        return self._spread.number(chunk, ordinal)

    def known(self, chunk: int) -> bool:
        return self._spread.first <= chunk < self._spread.end

    def chunk(self, chunk: int) -> list[LogLine]:
        kept = self._kept.get(chunk)
        if kept is None:
            data = self.data(chunk)
            kept = [LogLine(raw) for raw in data.split(b"\n")] if self._starts(chunk, data) else []
            self._kept[chunk] = kept
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return kept

    def data(self, chunk: int) -> bytes:
        start, size = chunk * BLOCK, self._size
        end = min(start + BLOCK, size)
        data = self.file.read(max(0, start - 1), BLOCK + _SLACK + 1)
        if start:
            begin = data.find(b"\n", 0, end - start) + 1  # a newline in the block's last byte begins no line here
            if begin == 0:
                return b""
        else:
            begin = 0
        base = max(0, start - 1)
        if base + begin >= size:
            return b""
        last = end - base - 1  # where the block's last byte is; the line that begins at or before it ends behind it
        stop = data.find(b"\n", last)
        if stop >= 0:
            return data[begin:stop]
        if base + len(data) >= size:
            return data[begin : size - base]
        head = data.rfind(b"\n", begin, last) + 1 or begin
        long = self._long(base + head)
        return data[begin:head] + long

    def time(self, chunk: int, line: LogLine) -> float | None:
        return self.clock.time(line.raw, chunk * BLOCK)

    def grow(self, now: float) -> bool:
        size = self.file.size()
        if self.file.version != self._file_version:
            self._file_version = self.file.version
            self.version += 1
            self._size = size
            self._ends.clear()
            self._kept.clear()
            self.clock = Clock(self.file, self._began)
            self.to_tail()
            return True
        if size == self._size:
            return False
        before, self._size = self.end_chunk, size
        self.clock.arrived(size, now)
        last = max(0, before - 1)
        self._kept.pop(last, None)
        if self.count:
            self._kept.pop(self._spread.find(self.count - 1)[0], None)  # its last line may go on
        if self._spread.end == before:
            self._spread.drop_back(last)
            if self.end_chunk - last > 16 * _AT_ONCE:  # so much at once is for the thread
                return True
            self._spread.add_back([self.count_lines(chunk) for chunk in range(last, self.end_chunk)])
        return True

    def errand(self) -> Errand | None:
        first, end, chunks, version = self._spread.first, self._spread.end, self.end_chunk, self.version
        if end < chunks:
            return lambda: self._count(range(end, chunks), version, ahead=True)
        if first > 0:
            return lambda: self._count(range(first - 1, -1, -1), version, ahead=False)
        return None

    def to_head(self) -> None:
        if self._spread.first > 0:
            self._begin(0)
            self._spread.add_back([self.count_lines(n) for n in range(min(_AT_ONCE, self.end_chunk))])

    def to_tail(self) -> None:
        if self._spread.end < self.end_chunk or not self._spread.end:
            self._begin(max(0, self.end_chunk - 1))
            self._spread.add_back([self.count_lines(self._spread.first)] if self._size else [])
            first = self._spread.first
            while first > 0 and (self.end_chunk - first < _AT_ONCE or self.count < _ENOUGH):
                if self.end_chunk - first > 16 * _AT_ONCE:
                    break
                first -= 1
                self._spread.add_front([self.count_lines(first)])

    def count_lines(self, chunk: int) -> int:
        """How many lines begin in a chunk. Safe in any thread."""
        start = chunk * BLOCK
        end = min(start + BLOCK, self._size)
        data = self.file.read(max(0, start - 1), end - max(0, start - 1))
        return data.count(b"\n", 0, len(data) - 1) + (start == 0 < end)

    def close(self) -> None:
        self.file.close()

    def _begin(self, at: int) -> None:
        self.version += 1
        self.moved = 0
        self._spread = Spread(at)

    def _starts(self, chunk: int, data: bytes) -> bool:
        return bool(data) or self.count_lines(chunk) > 0

    def _count(self, chunks: range, version: int, *, ahead: bool) -> Outcome:
        counts = array("q")
        go_on = until()
        for chunk in chunks:
            counts.append(self.count_lines(chunk))
            if not go_on():
                break

        def take() -> None:
            at = chunks.start
            if version != self.version or at != (self._spread.end if ahead else self._spread.first - 1):
                return
            if not ahead:
                self._spread.add_front(counts)
                self.moved += sum(counts)
                return
            if at + len(counts) >= self.end_chunk:  # the last one may have grown meanwhile
                counts.pop()
                counts.append(self.count_lines(at + len(counts)))
            self._spread.add_back(counts)

        return take

    def _long(self, start: int) -> bytes:
        """The line that begins there and leaves its block by far."""
        looked = max(start, self._ends.get(start, start))
        end = end_of_line(self.file, looked, self._size)
        if end - start > LONGEST:
            self._ends[start] = end
        return long_line(self.file, start, end).replace(b"\n", b"")
