"""HOST/RUN/events.out.tfevents.trajconsole: TensorBoard shows each run under that name, with tags as "val/accuracy"."""

from collections.abc import Iterator, Sequence

from console.exporting.parts import Parts
from console.exporting.record import Chosen
from trainer.record.tfevents import beginning, records

FILE = "events.out.tfevents.trajconsole"  # the same at the next export, which replaces it


def write(parts: Parts, chosen: Sequence[Chosen]) -> Iterator[int]:
    """After each run, how many rows there are so far. Runs without rows get no file."""
    count = 0
    for item in chosen:
        rows = item.rows()
        if rows:
            with parts.path(f"{item.entry.host}/{item.entry.run}/{FILE}").open("wb") as file:
                file.write(beginning(item.entry.started or 0.0))
                file.writelines(records(rows))
        count += len(rows)
        yield count
