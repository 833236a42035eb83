"""Several logs as one, in the order of time. Lines of one log never change their order; without a stamp they follow
the line before them, so a traceback stays in one piece.

What is kept of a merged line is one byte: whose it is. At every 512th stands how far each file had been read. At first
only the ends of the files are merged, so that there is something to see; then, in errands, all of it.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from console.logs.errand import Errand, Outcome, until
from console.logs.reading import LONGEST, Readable, lines_at
from console.logs.source import LogLine
from console.logs.stamps import Clock

STEP = 512  # merged lines of a chunk
_FIRST = 256 * 1024  # bytes of each file that are merged before the first picture
_RECENT = 16 * STEP  # lines behind which nothing is sorted in any more: later ones come last
_READ = 256 * 1024
_KEPT = 48
MOST = 255  # logs

Entry = tuple[float, int, int]  # time, whose, bytes with the newline


class Order:
    """The merged order as far as it goes."""

    def __init__(self, starts: Sequence[int]) -> None:
        self.owners = bytearray()
        self.marks = [tuple(starts)]  # where each file stands at the beginning of every chunk
        self._ends = list(starts)  # and after the last line
        self.recent: list[Entry] = []

    def add(self, entries: Sequence[Entry]) -> int:
        """More lines, each at its time when that is among the newest. Returns the first place that changed."""
        late = bool(self.recent) and any(time < self.recent[-1][0] for time, _, _ in entries)
        late = late or any(after[0] < before[0] for before, after in pairwise(entries))
        changed = len(self.owners)
        if late:
            changed -= len(self.recent)
            mixed = sorted([*self.recent, *entries], key=lambda entry: entry[0])
            self._back_to(changed)
            self._append(mixed)
        else:
            self._append(entries)
        if len(self.recent) > 2 * _RECENT:
            del self.recent[:-_RECENT]
        return changed

    def _append(self, entries: Sequence[Entry]) -> None:
        for _, owner, length in entries:
            self.owners.append(owner)
            self._ends[owner] += length
            if not len(self.owners) % STEP:
                self.marks.append(tuple(self._ends))
        self.recent += entries

    def _back_to(self, place: int) -> None:
        """Forget everything from a place on, which the recent lines begin at."""
        for _, owner, length in self.recent:
            self._ends[owner] -= length
        del self.owners[place:]
        del self.marks[place // STEP + 1 :]
        self.recent = []


class MergedSource:
    """Files by name."""

    def __init__(self, files: Sequence[Readable], names: Sequence[str], began: Sequence[float | None]) -> None:
        assert len(files) <= MOST
        self.names, self._files, self._began = tuple(names), tuple(files), tuple(began)
        self.version = self.moved = 0
        self._whole = False
        self._last: list[float | None] = []
        self._ends: list[int] = []
        self._all: Iterator[Entry] | None = None
        self._held: list[Entry] = []  # came while all of it was being merged
        self._kept: OrderedDict[int, list[LogLine]] = OrderedDict()
        self._begin()

    @property
    def count(self) -> int:
        return len(self._order.owners)

    @property
    def whole(self) -> bool:
        return self._whole

    @property
    def share(self) -> float:
        if self._whole:
            return 1.0
        return self._merged / max(1, sum(self._sizes))

    @property
    def first_chunk(self) -> int:
        return 0

    @property
    def end_chunk(self) -> int:
        return -(-self.count // STEP)

    def lines(self, start: int, stop: int) -> list[LogLine]:
        stop = min(stop, self.count)
        found: list[LogLine] = []
        if start >= stop:
            return found
        for chunk in range(start // STEP, -(-stop // STEP)):
            found += self.chunk(chunk)
        return found[start % STEP : start % STEP + stop - start]

    def place(self, line: int) -> tuple[int, int]:
        return divmod(line, STEP)

    def number(self, chunk: int, ordinal: int) -> int:
        return chunk * STEP + ordinal

    def known(self, chunk: int) -> bool:
        return 0 <= chunk < self.end_chunk

    def chunk(self, chunk: int) -> list[LogLine]:
        kept = self._kept.get(chunk)
        if kept is None:
            kept = self._kept[chunk] = self._read(chunk)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return kept

    def data(self, chunk: int) -> bytes:
        return b"\n".join(line.raw for line in self.chunk(chunk))

    def time(self, chunk: int, line: LogLine) -> float | None:
        return self._clocks[line.origin].time(line.raw, self._order.marks[chunk][line.origin])

    def grow(self, now: float) -> bool:
        sizes = [file.size() for file in self._files]
        if [file.version for file in self._files] != self._versions:
            self.version += 1
            self._begin()
            return True
        fresh: list[Entry] = []
        for owner, (size, before) in enumerate(zip(sizes, self._sizes, strict=True)):
            if size == before:
                continue
            self._clocks[owner].arrived(size, now)
            self._sizes[owner] = size
            file, clock, start = self._files[owner], self._clocks[owner], self._ends[owner]
            for entry in entries(file, clock, owner, (start, size), self._last[owner]):
                fresh.append(entry)
                self._last[owner] = entry[0]
                self._ends[owner] += entry[2]
        if not fresh:
            return False
        fresh.sort(key=lambda entry: entry[0])
        if not self._whole:
            self._held += fresh
        changed = self._order.add(fresh)
        for chunk in [chunk for chunk in self._kept if chunk >= changed // STEP]:
            del self._kept[chunk]
        return True

    def errand(self) -> Errand | None:
        if self._whole:
            return None
        if self._all is None:
            self._held = []
            self._all = self._merge([0] * len(self._files), self._ends)
            self._build = Order([0] * len(self._files))
        version = self.version
        return lambda: self._go_on(version)

    def to_head(self) -> None: ...

    def to_tail(self) -> None: ...

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _begin(self) -> None:
        self.moved = 0
        self._kept.clear()
        self._sizes = [file.size() for file in self._files]
        self._versions = [file.version for file in self._files]
        self._clocks = [Clock(file, began) for file, began in zip(self._files, self._began, strict=True)]
        self._last = [None] * len(self._files)
        self._all, self._held = None, []
        self._merged = 0
        starts = [_near_end(file, size) for file, size in zip(self._files, self._sizes, strict=True)]
        self._whole = not any(starts)
        self._order = Order(starts)
        found = list(self._merge(starts, self._sizes))
        cut = max((first for first, start in zip(self._firsts(found), starts, strict=True) if start), default=None)
        if cut is not None:
            skipped = [entry for entry in found if entry[0] < cut]
            for _, owner, length in skipped:
                starts[owner] += length
            self._order = Order(starts)
            found = [entry for entry in found if entry[0] >= cut]
        self._order.add(found)
        self._ends = list(starts)
        for time, owner, length in found:
            self._ends[owner] += length
            self._last[owner] = time

    def _firsts(self, found: Sequence[Entry]) -> list[float]:
        """The time of each file's first line among these."""
        first: dict[int, float] = {}
        for time, owner, _ in found:
            first.setdefault(owner, time)
        return [first.get(owner, 0.0) for owner in range(len(self._files))]

    def _merge(self, starts: Sequence[int], ends: Sequence[int]) -> Iterator[Entry]:
        each = [
            entries(file, clock, owner, (start, end))
            for owner, (file, clock, start, end) in enumerate(zip(self._files, self._clocks, starts, ends, strict=True))
        ]
        return heapq.merge(*each, key=lambda entry: entry[0])

    def _go_on(self, version: int) -> Outcome:
        assert self._all is not None
        go_on, merged = until(), 0
        while go_on():
            some = list(islice(self._all, 2000))
            if not some:
                return lambda: self._swap(version)
            self._build.add(some)
            merged += sum(length for _, _, length in some)

        def take() -> None:
            self._merged += merged

        return take

    def _swap(self, version: int) -> None:
        if version != self.version:
            return
        before = self.count
        self._build.add(self._held)
        self._order, self._whole, self._all, self._held = self._build, True, None, []
        self._kept.clear()
        self.moved += self.count - before

    def _read(self, chunk: int) -> list[LogLine]:
        order = self._order
        if chunk >= len(order.marks):
            return []
        owners = order.owners[chunk * STEP : (chunk + 1) * STEP]
        starts = order.marks[chunk]
        each = {
            owner: iter(lines_at(self._files[owner], starts[owner], owners.count(owner), self._sizes[owner]))
            for owner in set(owners)
        }
        return [LogLine(next(each[owner], b""), owner) for owner in owners]


def entries(
    file: Readable, clock: Clock, owner: int, stretch: tuple[int, int], last: float | None = None
) -> Iterator[Entry]:
    """The whole lines of a stretch of a file, with their times."""
    start, end = stretch
    lengths: list[int] = []

    def lines() -> Iterator[tuple[bytes, int]]:
        place, rest = start, b""
        at = start
        while at < end:
            data = file.read(at, min(_READ, end - at))
            if not data:
                break
            at += len(data)
            whole = data.rfind(b"\n") + 1
            if not whole:
                rest += data
                continue
            for raw in (rest + data[: whole - 1]).split(b"\n"):
                lengths.append(len(raw) + 1)
                yield raw[:LONGEST], place
                place += len(raw) + 1
            rest = data[whole:]

    for time in clock.times(lines(), last):
        yield time, owner, lengths.pop()


def _near_end(file: Readable, size: int) -> int:
    """The beginning of a line, not far from the end; 0 for a short file."""
    if size <= 2 * _FIRST:
        return 0
    start = size - _FIRST
    data = file.read(start, _FIRST)
    found = data.find(b"\n")
    return start + found + 1 if found >= 0 else size
