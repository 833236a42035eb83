"""The tables of the index, version by version. `user_version` of a database counts the steps that it has had. All
that are missing are made in one transaction: a database is of an old version or of this one, never in between.
"""

import json
import sqlite3
import tomllib
from collections.abc import Callable
from pathlib import Path

from console.history.entry import origin_of
from trainer.record import files

Step = Callable[[sqlite3.Connection, Path], None]  # the database and the state folder


class Newer(ValueError):
    """A database of a version that this program does not know."""


def _tables(base: sqlite3.Connection, _state: Path) -> None:
    base.execute("""
        CREATE TABLE runs (
            host TEXT NOT NULL, run TEXT NOT NULL, worker TEXT NOT NULL, race TEXT NOT NULL DEFAULT '',
            started REAL, ended REAL, state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '',
            epoch INTEGER, epochs INTEGER, metrics TEXT NOT NULL DEFAULT '{}', best TEXT NOT NULL DEFAULT '{}',
            config TEXT NOT NULL DEFAULT '', seen REAL NOT NULL, PRIMARY KEY (host, run)
        )
    """)
    base.execute("CREATE INDEX runs_by_start ON runs (started)")
    base.execute("""
        CREATE TABLE planned (
            config TEXT NOT NULL, worker TEXT NOT NULL, host TEXT NOT NULL, since REAL NOT NULL,
            PRIMARY KEY (config, worker, host)
        )
    """)
    base.execute("""
        CREATE TABLE winners (race TEXT PRIMARY KEY, run TEXT NOT NULL, worker TEXT NOT NULL, time REAL NOT NULL)
    """)


def _origins(base: sqlite3.Connection, state: Path) -> None:
    """Who started a run, from where, with which code, out of which other run: from its run.toml, where that is here."""
    base.execute("ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT '{}'")
    for host, run in base.execute("SELECT host, run FROM runs").fetchall():
        try:
            table = tomllib.loads((state / "mirror" / host / "runs" / run / files.RUN).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        found = json.dumps(origin_of(table))
        base.execute("UPDATE runs SET origin = ? WHERE host = ? AND run = ?", (found, host, run))


STEPS: tuple[Step, ...] = (_tables, _origins)


def version_of(base: sqlite3.Connection, path: Path) -> int:
    """How many steps it has had. Newer for one that must not be touched."""
    (version,) = base.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise Newer(
            f"{path} was written by a newer trajconsole (its version is {version}, this program knows {len(STEPS)}): "
            "update this one, or give it another folder with --state"
        )
    return int(version)


def migrate(base: sqlite3.Connection, path: Path, fill: Step | None = None) -> None:
    """Make the steps that are missing, and fill one that is new. Two programs that start together do so once."""
    base.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(base, path)
        for number, step in enumerate(STEPS[version:], version + 1):
            step(base, path.parent)
            base.execute(f"PRAGMA user_version = {number}")
        if version == 0 and fill is not None:
            fill(base, path.parent)
    except BaseException:
        base.rollback()
        raise
    base.commit()
