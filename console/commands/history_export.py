"""`trajconsole history export`: runs and all their figures, for other programs."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.history import Entry
    from console.labels import Label

SAY_S = 3.0


def add(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--csv", metavar="FOLDER", type=Path, help="runs.csv and metrics.csv, a line a figure")
    way.add_argument("--parquet", metavar="FOLDER", type=Path, help="the same two tables; needs trajconsole[export]")
    way.add_argument("--tensorboard", metavar="FOLDER", type=Path, help="HOST/RUN/ with event files, for tensorboard")
    parser.add_argument("terms", metavar="TERM", nargs="*", help="which runs, as in history search; else all")


def run(arguments: argparse.Namespace, entries: "list[Entry]", labels: "Mapping[str, Label]") -> int:
    from console.exporting.deed import export
    from console.exporting.record import Chosen, folder_of
    from console.fleet.model import RunKey
    from console.format import plural
    from console.labels import Label
    from console.past import key_of
    from console.pulling.ledger import Pulls
    from trainer.schema import ConfigError, Problem

    state = common.state_of(arguments)
    pulled = Pulls(state).load()
    places = [folder_of(state, pulled, RunKey(entry.host, entry.run)) for entry in entries]
    chosen = [
        Chosen(entry, labels.get(key_of(entry), Label()), place) for entry, place in zip(entries, places, strict=True)
    ]
    if not chosen:
        print("trajconsole: no run is found: nothing was exported", file=sys.stderr)
        return 1
    way = next(name for name in ("csv", "parquet", "tensorboard") if getattr(arguments, name) is not None)
    folder: Path = getattr(arguments, way).expanduser()
    what, said, count = "rows" if way == "tensorboard" else "figures", time.monotonic(), 0
    try:
        for done, count in export(way, folder, chosen):
            if time.monotonic() - said > SAY_S:
                said = time.monotonic()
                print(f"{done} of {plural(len(chosen), 'run')}, {count:,} {what}", file=sys.stderr, flush=True)
    except ValueError as error:
        raise ConfigError([Problem("trajconsole history export", None, "", str(error))]) from None
    except OSError as error:
        print(f"trajconsole: nothing was exported: {folder}: {error.strerror}", file=sys.stderr)
        return 1
    without = sum(place is None for place in places)
    note = f"; of {without} this laptop has no rows" if without else ""
    print(f"{plural(len(chosen), 'run')}, {count:,} {what} in {folder}{note}")
    return 0
