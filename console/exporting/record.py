"""What this laptop holds of a run's rows: its mirror, or what was pulled of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.fleet.decoding import decode
from console.fleet.model import Pulled, RunKey
from console.history import Entry
from console.labels import Label
from trainer.record import files
from trainer.record.jsonl import effective, numbers

Row = Mapping[str, Any]
_NAMED = re.compile(b'"(?:NaN|-?Infinity)"')


@dataclass(frozen=True, slots=True)
class Chosen:
    """A run that is exported. `folder`: where its rows are, if they are anywhere."""

    entry: Entry
    label: Label = Label()
    folder: Path | None = None

    def rows(self) -> list[Row]:
        """Those that count, the oldest first."""
        if self.folder is None:
            return []
        data = (self.folder / files.METRICS).read_bytes()
        rows = decode(data)[0]
        return effective(numbers(rows) if _NAMED.search(data) else rows)


def folder_of(state: Path, pulled: Mapping[RunKey, Pulled], key: RunKey) -> Path | None:
    """The folder that has more of its rows."""
    places = [state / "mirror" / key.host / "runs" / key.run]
    places += [Path(pulled[key].to)] if key in pulled else []
    sizes = {place: _size(place / files.METRICS) for place in places}
    best = max(places, key=lambda place: sizes[place])
    return best if sizes[best] > 0 else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
