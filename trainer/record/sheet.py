"""The rows of metrics that count, as CSV: for spreadsheets and for tools that read no JSON."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

FILE = "metrics.csv"
_FIRST = ("epoch", "step", "phase")


def text(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line a row, under all names that occur; a cell is empty where a row has no such figure."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [*(name for name in _FIRST if name in names), *(name for name in names if name not in _FIRST)]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
