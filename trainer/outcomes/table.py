"""A table of words: what is told runs down, who is told of runs across. As text that fits a terminal, as Markdown."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Table:
    """`rows`: a name and one cell for each of `heads`. A row without cells is a heading."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()


def text(table: Table, width: int = 80) -> list[str]:
    """Aligned lines; runs that find no room beside the others get a block of their own below."""
    names = [clean(name) for name, _cells in table.rows]
    first = max(map(cells, names), default=0)
    columns = [[clean(head), *(clean(row[at]) if row else "" for _name, row in table.rows)]
               for at, head in enumerate(table.heads)]  # fmt: skip
    widths = [max(map(cells, column)) for column in columns]
    lines = [clean(table.title)]
    for block in _blocks(widths, width - first):
        lines.append("")
        for at, name in enumerate(["", *names]):
            if at and any(table.rows[at - 1][1]) and not any(columns[column][at] for column in block):
                continue  # what says nothing in this block has said it in another
            line = _pad(name, first, right=False)
            line += "".join(f"  {_pad(columns[column][at], widths[column])}" for column in block)
            lines.append(line.rstrip())
    notes = [line for note in table.notes for line in wrap(clean(note), width, subsequent_indent="  ")]
    return lines + ([""] if notes else []) + notes


def markdown(table: Table) -> list[str]:
    """The same as a Markdown table."""
    lines = [f"### {_escape(table.title)}", ""]
    lines.append(f"| | {' | '.join(_escape(head) for head in table.heads)} |")
    lines.append(f"|---|{'---:|' * len(table.heads)}")
    for name, row in table.rows:
        there = [_escape(cell) for cell in row] or [""] * len(table.heads)
        lines.append(f"| {_escape(name) if row else f'**{_escape(name)}**'} | {' | '.join(there)} |")
    return [*lines, "", *(f"- {_escape(note)}" for note in table.notes)]


def to_json(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "heads": list(table.heads),
        "rows": [[name, list(row)] for name, row in table.rows],
        "notes": list(table.notes),
    }


def from_json(value: Any) -> Table:
    """The reverse. What is missing or odd leaves a table with fewer words, never an error: it comes from elsewhere."""
    value = value if isinstance(value, Mapping) else {}
    heads = tuple(str(head) for head in _list(value.get("heads")))
    rows = []
    for item in _list(value.get("rows")):
        match item:
            case [str(name), list(row)]:
                told = tuple(str(cell) for cell in row[: len(heads)])
                rows.append((name, told + ("",) * (len(heads) - len(told)) if row else ()))
    return Table(str(value.get("title", "")), heads, tuple(rows), tuple(map(str, _list(value.get("notes")))))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def clean(value: str) -> str:
    """Text of a run directory may hold anything: nothing in it steers a terminal."""
    return _CONTROL.sub("·", value)


def cells(value: str) -> int:
    """How many cells of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in value)
    return len(value) + wide - sum(unicodedata.combining(letter) > 0 for letter in value)


def _blocks(widths: Sequence[int], room: int) -> list[list[int]]:
    """Columns, in as few groups as fit into the room, of about equal size; each group has one at least."""
    blocks: list[list[int]] = []
    left = 0
    for column, width in enumerate(widths):
        if not blocks or left < width + 2:
            blocks.append([])
            left = room
        blocks[-1].append(column)
        left -= width + 2
    even = -(-len(widths) // max(1, len(blocks)))
    shared = [list(range(at, min(at + even, len(widths)))) for at in range(0, len(widths), even or 1)]
    fits = all(len(block) == 1 or sum(widths[at] + 2 for at in block) <= room for block in shared)
    return shared if fits else blocks


def _pad(value: str, width: int, *, right: bool = True) -> str:
    space = " " * (width - cells(value))
    return space + value if right else value + space


def _escape(value: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", clean(value))
