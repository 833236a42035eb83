"""One run of the index: what is known of it without reading its directory."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from console.fleet.model import Fleet, Run
from console.fleet.records import began, ended
from console.fleet.view import run_row
from trainer.record import toml

_IN_COLUMNS = ("worker", "host", "race", "time")  # of an origin: the index has them already


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of the index."""

    host: str
    run: str
    worker: str
    race: str
    started: float | None
    ended: float | None
    state: str
    detail: str
    epoch: int | None
    epochs: int | None
    metrics: Mapping[str, float]
    best: Mapping[str, float]
    config: str  # content hash of run.toml without its origin
    seen: float
    origin: Mapping[str, str] = field(default_factory=dict)  # who started it, from where, with which code, out of what


FIELDS = tuple(item.name for item in fields(Entry))
_MAPPINGS = ("metrics", "best", "origin")


def entry_of(fleet: Fleet, run: Run, now: float) -> Entry:
    """A run of the fleet, as the index keeps it."""
    row, end = run_row(fleet, run, now), ended(run)
    return Entry(
        host=run.key.host,
        run=run.key.run,
        worker=row.worker,
        race=row.race,
        started=began(run),
        ended=end.time if end else None,
        state=row.state.name,
        detail=row.state.detail,
        epoch=row.epoch,
        epochs=row.epochs,
        metrics={name: trend.value for name, trend in row.metrics},
        best={name: trend.best for name, trend in row.metrics if trend.best is not None},
        config=_config_hash(run.config),
        seen=now,
        origin=origin_of(run.config),
    )


def origin_of(config: Mapping[str, Any]) -> dict[str, str]:
    """The table [origin] of a run.toml as flat texts: {"by": …, "commit": …, "project.branch": …}."""
    table = config.get("origin")
    found = dict(_flat(table)) if isinstance(table, Mapping) else {}
    return {name: text for name, text in found.items() if name not in _IN_COLUMNS}


def to_row(entry: Entry) -> dict[str, Any]:
    """Plain values by the names of the columns."""
    row: dict[str, Any] = asdict(entry)
    row |= {name: whole_text(value) for name, value in row.items() if isinstance(value, str)}
    texts = {name: json.dumps(dict(row[name]), ensure_ascii=False) for name in _MAPPINGS}
    return row | {name: whole_text(text) for name, text in texts.items()}  # NaN stays NaN: nobody else reads this


def from_row(row: Mapping[str, Any]) -> Entry:
    """What `to_row` made."""
    return Entry(**{name: row[name] for name in FIELDS} | {name: _mapping(row[name]) for name in _MAPPINGS})


def whole_text(text: str) -> str:
    """Text that every file takes: JSON can name halves of characters, which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _mapping(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}


def _flat(table: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{at}{key}.")
        elif isinstance(value, bool):
            yield f"{at}{key}", "yes" if value else "no"
        elif isinstance(value, str | int | float) and value != "":
            yield f"{at}{key}", str(value)


def _config_hash(config: Mapping[str, Any]) -> str:
    """The same for two runs with the same settings, whoever started them."""
    if not config:
        return ""
    table = {key: value for key, value in config.items() if key not in ("origin", "race")}
    return hashlib.blake2b(toml.dumps(table).encode(), digest_size=8).hexdigest()
