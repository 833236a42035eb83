"""A run's metric rows, kept by column: some tens of bytes a row instead of a dictionary, and curves without a loop.

`Rows` is a snapshot over a buffer that it shares with its successors, as `series.Shared` is: appending to the newest
one extends the buffer in place, appending to an older one copies. It holds effective rows only: what a resumed run
wrote a second time has taken the place of what it wrote first (`trainer.record.jsonl.effective` is the definition).

Old rows may be left where they are (`Earlier`): then only the end is in memory, until somebody asks for more.
"""

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any, overload

from trainer.record.jsonl import RESUME, numbers

_CLOCKS = ("t", "step", "epoch")
_NO_METRIC = frozenset({*_CLOCKS, "phase", "schema"})
NONE = math.nan  # a row without this clock
STREAM = 6  # rows a second

Row = Mapping[str, Any]


@dataclass(slots=True)
class Column:
    """One metric: in which rows it stands, and its values there."""

    places: "array[int]" = field(default_factory=lambda: array("Q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class _Buffer:
    """Grows only at its end. What a snapshot may see of it is bounded by the snapshot's length."""

    clocks: "dict[str, array[float]]" = field(default_factory=lambda: {name: array("d") for name in _CLOCKS})
    phases: list[str] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)

    def copy(self, length: int) -> "_Buffer":
        cut = {name: bisect_left(column.places, length) for name, column in self.columns.items()}
        return _Buffer(
            {name: clock[:length] for name, clock in self.clocks.items()},
            self.phases[:length],
            {
                name: Column(column.places[: cut[name]], column.values[: cut[name]])
                for name, column in self.columns.items()
                if cut[name]
            },
        )


class Earlier:
    """Rows that were left where they are: `read` brings all of them as they were written, markers of resumes too."""

    def __init__(self, read: Callable[[], Iterable[Row]]) -> None:
        self._read = read
        self._rows: Rows | None = None

    @property
    def here(self) -> bool:
        """They have been read already."""
        return self._rows is not None

    def rows(self) -> "Rows":
        """Read when somebody first asks; it may be a thread, and two at once only do the work twice."""
        if self._rows is None:
            self._rows = Rows().extended(self._read())
        return self._rows


class Rows(Sequence[Row]):
    """Effective metric rows, oldest first."""

    __slots__ = ("_buffer", "_cut", "_earlier", "_known", "_length", "_whole")

    def __init__(self, rows: Iterable[Row] = (), *, earlier: Earlier | None = None) -> None:
        self._buffer, self._length = _Buffer(), 0
        self._earlier, self._cut = earlier, math.inf
        self._whole: Rows | None = None
        self._known: dict[object, Any] = {}
        if rows := list(rows):
            made = self.extended(rows)
            self._buffer, self._length, self._cut = made._buffer, made._length, made._cut

    def extended(self, rows: Iterable[Row]) -> "Rows":
        """These rows and then those that came; self is unchanged."""
        made, rows = self if self._whole is None else self._whole, list(rows)
        marks = [place for place, row in enumerate(rows) if row.get("phase") == RESUME]
        for begin, end in pairwise([-1, *marks, len(rows)]):
            if begin >= 0:
                made = made._without_after(numbers(rows[begin].get("step")))
            if end > begin + 1:
                made = made._appended(rows[begin + 1 : end])
        return made

    @property
    def complete(self) -> bool:
        """Everything is in memory: no question has to wait for a file."""
        return self._earlier is None or self._whole is not None or self._earlier.here

    @property
    def streaming(self) -> bool:
        """The newest came faster than anybody can follow one by one."""
        times = self._buffer.clocks["t"]
        return self._length > STREAM and times[self._length - 1] - times[self._length - 1 - STREAM] < 1.0

    def whole(self) -> "Rows":
        """With those that were left where they are. They are read now, when nobody has asked for them before."""
        if self._earlier is None:
            return self
        if self._whole is None:
            head = self._earlier.rows()
            head = head._without_after(self._cut) if self._cut != math.inf else head
            self._whole = head._joined(self)
        return self._whole

    def remembered(self, key: object, make: Callable[["Rows"], Any]) -> Any:
        """What `make` found in these rows, once: they do not change any more."""
        if key not in self._known:
            self._known[key] = make(self)
        return self._known[key]

    def names(self) -> tuple[str, ...]:
        """Metrics of the rows in memory, in the order in which they first came."""
        return tuple(name for name, column in self._buffer.columns.items() if column.places[0] < self._length)

    def column(self, name: str) -> Column:
        """A metric's values in memory, and the places of their rows."""
        column = self._buffer.columns.get(name, Column())
        if len(self._buffer.phases) == self._length:
            return column
        cut = bisect_left(column.places, self._length)
        return Column(column.places[:cut], column.values[:cut])

    def clock(self, name: str) -> "array[float]":
        """`t`, `step` or `epoch` of each row in memory; NaN where it says nothing."""
        return self._buffer.clocks[name][: self._length]

    def newest(self, name: str, count: int) -> list[float]:
        """A metric's last values in memory, oldest first."""
        column = self._buffer.columns.get(name)
        if column is None:
            return []
        end = len(column.places)
        if len(self._buffer.phases) != self._length:
            end = bisect_left(column.places, self._length)
        return column.values[max(0, end - count) : end].tolist()

    def last(self, count: int) -> list[Row]:
        """The newest rows in memory, oldest first."""
        return [self._row(place) for place in range(max(0, self._length - count), self._length)]

    def last_of(self, phase: str, look: int) -> Iterator[Row]:
        """Rows of a phase among the newest `look` in memory, the newest first."""
        first = max(0, self._length - look)
        phases = self._buffer.phases[first : self._length]
        if phase in phases:  # asked of every live run each second, and most have none
            for place in range(len(phases) - 1, -1, -1):
                if phases[place] == phase:
                    yield self._row(first + place)

    def of(self, phase: str) -> list[Row]:
        """All rows of a phase, oldest first."""
        rows = self.whole()
        return [rows._row(place) for place, one in enumerate(rows._buffer.phases[: rows._length]) if one == phase]

    def __len__(self) -> int:
        return self.whole()._length

    def __bool__(self) -> bool:
        return self._length > 0 or self._earlier is not None

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        rows = self.whole()
        if isinstance(index, slice):
            return [rows._row(place) for place in range(*index.indices(rows._length))]
        if not -rows._length <= index < rows._length:
            raise IndexError(index)
        return rows._row(index % rows._length)

    def __iter__(self) -> Iterator[Row]:
        rows = self.whole()
        made: list[dict[str, Any]] = [rows._clocks(place) for place in range(rows._length)]
        for name in rows.names():
            column = rows.column(name)
            for place, value in zip(column.places, column.values, strict=True):
                made[place][name] = value
        return iter(made)

    def __repr__(self) -> str:
        return f"Rows({list(self)!r})"

    def _row(self, place: int) -> Row:
        row = self._clocks(place)
        for name, column in self._buffer.columns.items():
            at = bisect_left(column.places, place)
            if at < len(column.places) and column.places[at] == place:
                row[name] = column.values[at]
        return row

    def _clocks(self, place: int) -> dict[str, Any]:
        values = {name: clock[place] for name, clock in self._buffer.clocks.items()}
        row: dict[str, Any] = {name: _tidy(value) for name, value in values.items() if not math.isnan(value)}
        if self._buffer.phases[place]:
            row["phase"] = self._buffer.phases[place]
        return row

    def _made(self, buffer: _Buffer, length: int) -> "Rows":
        new: Rows = Rows.__new__(Rows)
        new._buffer, new._length, new._earlier, new._cut = buffer, length, self._earlier, self._cut
        new._whole, new._known = None, {}
        return new

    def _appended(self, rows: Sequence[Row]) -> "Rows":
        """No marker is among them."""
        own = len(self._buffer.phases) == self._length
        buffer = self._buffer if own else self._buffer.copy(self._length)
        _append(buffer, rows)
        return self._made(buffer, self._length + len(rows))

    def _without_after(self, step: Any) -> "Rows":
        """Without the rows whose step is larger."""
        if isinstance(step, bool) or not isinstance(step, int | float):
            return self
        new = self._made(self._buffer, self._length)
        new._cut = min(self._cut, step)
        steps = self._buffer.clocks["step"]
        first = next((place for place in range(self._length) if steps[place] > step), self._length)
        kept = [place for place in range(first, self._length) if not steps[place] > step]
        new._length = first
        if kept:  # seldom: rows out of order, or without a step, behind the first that goes
            new._buffer = self._buffer.copy(first)
            rows = [self._row(place) for place in kept]
            _append(new._buffer, rows)
            new._length += len(rows)
        return new

    def _joined(self, tail: "Rows") -> "Rows":
        """These, then the tail's rows in memory."""
        buffer, length = self._buffer.copy(self._length), tail._length
        for name, clock in tail._buffer.clocks.items():
            buffer.clocks[name].extend(clock[:length])
        buffer.phases.extend(tail._buffer.phases[:length])
        for name in tail.names():
            column, found = buffer.columns.setdefault(name, Column()), tail.column(name)
            column.places.extend(array("Q", [place + self._length for place in found.places]))
            column.values.extend(found.values)
        new = self._made(buffer, self._length + length)
        new._earlier, new._cut = None, math.inf
        return new


def chart_name(name: str, phase: str) -> str:
    """A loss that was found while validating is another curve than the training's."""
    return "val_loss" if name == "loss" and phase.startswith("val") else name


def _append(buffer: _Buffer, rows: Sequence[Row]) -> None:
    """Row by row would be slow: rows of one phase with the same keys become columns together."""
    first = len(buffer.phases)
    for name in _CLOCKS:
        buffer.clocks[name].extend(_times([row.get(name) for row in rows]))
    phases = [phase if type(phase) is str else "" for phase in [row.get("phase") for row in rows]]
    buffer.phases.extend(map(sys.intern, phases))
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for place, kind in enumerate(zip(phases, map(tuple, rows), strict=True)):
        alike.setdefault(kind, []).append(place)
    pieces: dict[str, list[tuple[Sequence[int], Sequence[float]]]] = {}
    for (phase, keys), places in alike.items():
        columns = zip(*[rows[place].values() for place in places], strict=True)
        for key, values in zip(keys, columns, strict=True):
            name = chart_name(key, phase)
            if key not in _NO_METRIC and (name == key or name not in keys):
                pieces.setdefault(name, []).append(_numeric(places, values))
    for name, found in pieces.items():
        at, numbers_there = found[0] if len(found) == 1 else _in_order(found)
        if at:
            column = buffer.columns.setdefault(name, Column())
            column.places.extend([first + place for place in at])
            column.values.extend(numbers_there)


def _numeric(places: Sequence[int], values: Sequence[Any]) -> tuple[Sequence[int], Sequence[float]]:
    """Only what is a number."""
    if set(map(type, values)) == {float}:
        return places, values
    pairs = [
        (place, number) for place, value in zip(places, values, strict=True) if (number := _metric(value)) is not None
    ]
    return [place for place, _ in pairs], [number for _, number in pairs]


def _in_order(pieces: Iterable[tuple[Sequence[int], Sequence[float]]]) -> tuple[Sequence[int], Sequence[float]]:
    pairs = sorted((pair for places, values in pieces for pair in zip(places, values, strict=True)), key=itemgetter(0))
    return [place for place, _ in pairs], [value for _, value in pairs]


def _metric(value: Any) -> float | None:
    """A number, or the name of one that JSON does not have; nothing else is a metric's value."""
    if type(value) is float:
        return value
    if type(value) is str:
        value = numbers(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _times(values: list[Any]) -> Iterable[float]:
    try:
        return array("d", values)
    except (TypeError, OverflowError):
        return [NONE if (number := _metric(value)) is None else number for value in values]


def _tidy(value: float) -> int | float:
    """Steps and epochs are counted."""
    return int(value) if value.is_integer() else value
