"""runs.csv and metrics.csv. A number that is none is nan, inf or -inf; what a run does not have is empty."""

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

from console.exporting import tables
from console.exporting.parts import Parts
from console.exporting.record import Chosen


def runs(file: TextIO, chosen: Sequence[Chosen]) -> None:
    """The table of runs."""
    columns = tables.of_runs(chosen)
    csv.writer(file).writerows([tuple(columns), *tables.lines(columns)])


def write(parts: Parts, chosen: Sequence[Chosen]) -> Iterator[int]:
    """After each run, how many figures there are so far."""
    with parts.path("runs.csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
        runs(file, chosen)
    with parts.path("metrics.csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
        out, count = csv.writer(file), 0
        out.writerow(tables.METRICS)
        for item in chosen:
            about = (item.entry.run, item.entry.worker, item.entry.host)
            found = [(*about, *figure) for figure in tables.of_rows(item.rows())]
            out.writerows(found)
            count += len(found)
            yield count
