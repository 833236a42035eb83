"""An export as steps: it can be left at any point, and then has changed nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from console.exporting import csvs, events, parquet
from console.exporting.parts import Parts
from console.exporting.record import Chosen

WAYS = {"csv": csvs.write, "parquet": parquet.write, "tensorboard": events.write}


def export(way: str, folder: Path, chosen: Sequence[Chosen]) -> Iterator[tuple[int, int]]:
    """After each run: how many runs, and how many figures (rows for TensorBoard), are written.

    ValueError with the mend; OSError when the folder cannot be written.
    """
    if way == "parquet":
        parquet.arrow()  # before anything is made
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder for the export")
    with Parts(folder) as parts:
        yield from enumerate(WAYS[way](parts, chosen), 1)
