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


def titles(columns: Sequence[Column[Row]]) -> Line:
    """The head line."""
    spans: list[tuple[str, str]] = []
    for place, column in enumerate(columns):
        gap = " " * GAP if place else ""
        spans.append((gap, "quiet"))
        spans.extend(padded(((column.title, "quiet"),), column.width, to_right=column.to_right))
    return tuple(spans)


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
