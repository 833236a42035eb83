"""Columns of a table: which fit into a width, and a row's cells put together. Pure.

Columns are dropped by rank, never wrapped and never cut in half; one may grow into what is left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from console.widgets.lines import Line, padded, width_of

Row = TypeVar("Row")
GAP = 2


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column. The lower the rank, the longer it stays when space gets short."""

    title: str
    width: int
    rank: int
    cell: Callable[[Row, int], Line]  # row, width → spans
    to_right: bool = False
    grow: int = 0  # how many more cells it may take
    name: str = ""  # what it is known by, in settings and to sort by
    key: Callable[[Row], float | str | None] | None = None  # what its rows are sorted by; None: no value, at the end
    downward: bool = False  # the most comes first by nature

    def widened(self, width: int) -> "Column[Row]":
        """The same, in so many cells."""
        return self if width == self.width else replace(self, width=width)


def choose(columns: Sequence[Column[Row]], width: int) -> list[Column[Row]]:
    """The columns that fit, in their order. The first of rank 0 is always there."""
    kept: set[int] = set()
    left = width + GAP
    for place in sorted(range(len(columns)), key=lambda place: (columns[place].rank, place)):
        need = columns[place].width + GAP
        if need <= left:
            kept.add(place)
            left -= need
        elif columns[place].rank:
            break
    chosen = [column for place, column in enumerate(columns) if place in kept]
    for place, column in enumerate(chosen):
        more = min(column.grow, max(0, left))
        chosen[place] = replace(column, width=column.width + more)
        left -= more
    return chosen


def titles(columns: Sequence[Column[Row]], sort: str = "", *, downward: bool = False) -> Line:
    """The head line; an arrow at the column that the rows are sorted by takes no cell of its own."""
    gaps = [" " * GAP if place else "" for place in range(len(columns))]
    heads = [
        "".join(text for text, _ in padded(((item.title, ""),), item.width, to_right=item.to_right)) for item in columns
    ]
    place = next((place for place, column in enumerate(columns) if sort and column.name == sort), -1)
    if place >= 0:
        sign, head = "▾" if downward else "▴", heads[place]
        before, after = len(head) - len(head.lstrip()), len(head) - len(head.rstrip())
        if columns[place].to_right and before:
            heads[place] = head[: before - 1] + sign + head[before:]
        elif columns[place].to_right and place:
            gaps[place] = gaps[place][:-1] + sign
        elif after:
            heads[place] = f"{head.rstrip()}{sign}{' ' * (after - 1)}"
        elif place + 1 < len(columns):
            gaps[place + 1] = sign + gaps[place + 1][1:]
        elif place:
            gaps[place] = gaps[place][:-1] + sign
    tones = ["accent" if number == place else "quiet" for number in range(len(columns))]
    return tuple(
        span
        for number, (gap, head) in enumerate(zip(gaps, heads, strict=True))
        for span in ((gap, "accent"), (head, tones[number]))
    )


def at_cell(columns: Sequence[Column[Row]], x: int) -> str:
    """The name of the column that stands over a cell, its gap counted to it."""
    for column in columns:
        if x < column.width + GAP:
            return column.name
        x -= column.width + GAP
    return ""


def ordered(rows: Sequence[Row], column: Column[Row] | None, *, downward: bool) -> list[Row]:
    """Sorted by a column; rows of equal value keep their order, rows without one come last, in theirs."""
    if column is None or column.key is None:
        return list(rows)
    key = column.key
    known = [(value, row) for row in rows if (value := key(row)) is not None and value == value]  # noqa: PLR0124 - nan
    lost = [row for row in rows if (value := key(row)) is None or value != value]  # noqa: PLR0124
    return [row for _, row in sorted(known, key=lambda item: item[0], reverse=downward)] + lost


def cells(columns: Sequence[Column[Row]], row: Row, *, message: Line = (), after: int = 0) -> Line:
    """A row's line. A message takes the place of all columns behind the first `after`."""
    spans: list[tuple[str, str]] = []
    shown = columns[:after] if message else columns
    for place, column in enumerate(shown):
        if place:
            spans.append((" " * GAP, "text"))
        spans.extend(padded(column.cell(row, column.width), column.width, to_right=column.to_right))
    if message:
        total = sum(column.width + GAP for column in columns) - GAP
        left = total - width_of(tuple(spans)) - GAP
        spans.append((" " * GAP, "text"))
        spans.extend(padded(message, max(0, left)))
    return tuple(spans)
