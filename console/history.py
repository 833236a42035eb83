"""An index of every run that this laptop has seen, in SQLite: what `status --all` lists, and since when a worker is
planned. It holds nothing that the mirror does not hold, but for the plans: a damaged one is set aside and built anew.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.fleet.cells import WorkerRow

FILE = "history.sqlite"

# Each entry brings a database from the version before it; the database's user_version counts how many it has.
MIGRATIONS = (
    """
    CREATE TABLE runs (
        host TEXT NOT NULL, run TEXT NOT NULL, worker TEXT NOT NULL, race TEXT NOT NULL DEFAULT '',
        started REAL, ended REAL, state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '', epoch INTEGER, epochs INTEGER,
        metrics TEXT NOT NULL DEFAULT '{}', best TEXT NOT NULL DEFAULT '{}', config TEXT NOT NULL DEFAULT '',
        seen REAL NOT NULL, PRIMARY KEY (host, run)
    );
    CREATE INDEX runs_by_start ON runs (started);
    CREATE TABLE planned (
        config TEXT NOT NULL, worker TEXT NOT NULL, host TEXT NOT NULL, since REAL NOT NULL,
        PRIMARY KEY (config, worker, host)
    );
    CREATE TABLE winners (
        race TEXT PRIMARY KEY, run TEXT NOT NULL, worker TEXT NOT NULL, time REAL NOT NULL
    );
    """,
)


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


class History:
    """The index of one state folder. Safe to use from several consoles at once."""

    def __init__(self, state: Path) -> None:
        self.path = state / FILE
        self.set_aside: Path | None = None  # where a damaged database was moved
        state.mkdir(parents=True, exist_ok=True)
        try:
            self._base = _open(self.path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
                raise
            self.set_aside = _set_aside(self.path)
            self._base = _open(self.path)

    def close(self) -> None:
        self._base.close()

    def plan(self, config: str, workers: Iterable[tuple[str, str]], now: float) -> dict[tuple[str, str], float]:
        """(worker, host) → since when it stands in this configuration; those that left it are forgotten."""
        wanted = list(workers)
        query = "SELECT worker, host, since FROM planned WHERE config = ?"
        with self._base:
            known = {(worker, host) for worker, host, _since in self._base.execute(query, [config])}
            self._base.executemany(
                "DELETE FROM planned WHERE config = ? AND worker = ? AND host = ?",
                [(config, *key) for key in known if key not in wanted],
            )
            self._base.executemany(
                "INSERT OR IGNORE INTO planned VALUES (?, ?, ?, ?)", [(config, *key, now) for key in wanted]
            )
        return {(worker, host): since for worker, host, since in self._base.execute(query, [config])}

    def keep(self, entries: Iterable[Entry]) -> None:
        """Write these runs, or their newer figures."""
        rows = [
            (
                *(entry.host, entry.run, entry.worker, entry.race, entry.started, entry.ended, entry.state),
                *(entry.detail, entry.epoch, entry.epochs, _json(entry.metrics), _json(entry.best), entry.config),
                entry.seen,
            )
            for entry in entries
        ]
        with self._base:
            marks = ", ".join("?" * 14)
            self._base.executemany(f"INSERT OR REPLACE INTO runs VALUES ({marks})", rows)  # noqa: S608 - only marks

    def keep_winner(self, race: str, run: str, worker: str, when: float) -> None:
        with self._base:
            self._base.execute("INSERT OR REPLACE INTO winners VALUES (?, ?, ?, ?)", (race, run, worker, when))

    def runs(self) -> list[Entry]:
        """All runs, the newest first."""
        rows = self._base.execute("SELECT * FROM runs ORDER BY coalesce(started, seen) DESC")
        names = [column[0] for column in rows.description]
        return [_entry(dict(zip(names, row, strict=True))) for row in rows]

    def winners(self) -> dict[str, tuple[str, str, float]]:
        """Race id → (run, worker, time)."""
        rows = self._base.execute("SELECT race, run, worker, time FROM winners")
        return {race: (run, worker, when) for race, run, worker, when in rows}


def entry_of(row: WorkerRow, *, started: float | None, ended: float | None, config: str, now: float) -> Entry:
    """A row of the screen as an entry of the index."""
    assert row.key is not None
    return Entry(
        host=row.key.host,
        run=row.key.run,
        worker=row.worker,
        race=row.race,
        started=started,
        ended=ended,
        state=row.state.name,
        detail=row.state.detail,
        epoch=row.epoch,
        epochs=row.epochs,
        metrics={name: trend.value for name, trend in row.metrics},
        best={name: trend.best for name, trend in row.metrics if trend.best is not None},
        config=config,
        seen=now,
    )


def _open(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=5.0, check_same_thread=False)  # opened in one thread, used in another
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        (found,) = base.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        _migrate(base)
    except BaseException:
        base.close()
        raise
    return base


def _migrate(base: sqlite3.Connection) -> None:
    base.execute("BEGIN IMMEDIATE")  # two consoles that start together migrate once
    (version,) = base.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        for statement in script.split(";"):
            if statement.strip():
                base.execute(statement)
        base.execute(f"PRAGMA user_version = {number}")
    base.commit()


def _is_damage(error: sqlite3.OperationalError) -> bool:
    """Whether another file would help: not when the database is only busy or its disk is full."""
    return not any(word in str(error) for word in ("locked", "busy", "full", "unable to open", "readonly", "disk I/O"))


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**{**row, "metrics": _numbers(row["metrics"]), "best": _numbers(row["best"])})


def _json(values: Mapping[str, float]) -> str:
    return json.dumps(dict(values))  # Python's NaN and Infinity come back as they were: nobody else reads this


def _numbers(text: str) -> dict[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, dict) else {}
