"""The database of one state folder. A damaged one, and one that is missing, is built anew from the mirror: it holds
nothing that the mirror does not hold, but for since when each worker is planned.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from console.history.entry import FIELDS, Entry, from_row, to_row
from console.history.rebuild import Rebuilt, from_mirror
from console.history.versions import STEPS, migrate, version_of

FILE = "history.sqlite"
OPENING_S, WRITING_S = 20.0, 2.0  # that another console may take: it may be building it anew; it never writes for long
_PLAN = "INSERT OR IGNORE INTO planned VALUES (?, ?, ?, ?)"
_RUN = f"INSERT OR REPLACE INTO runs ({', '.join(FIELDS)}) VALUES ({', '.join(f':{name}' for name in FIELDS)})"  # noqa: S608 - only names
_WINNER = "INSERT OR REPLACE INTO winners VALUES (?, ?, ?, ?)"


class History:
    """The index of one state folder. Safe to use from several consoles at once."""

    def __init__(self, state: Path, *, optional: bool = False) -> None:
        """ValueError for a database of a newer program, OSError or sqlite3.Error where nothing can be written.
        `optional`: for who can go on without it: then it is kept in memory only, and `problem` says why."""
        self.path = state / FILE
        self.set_aside: Path | None = None  # where a damaged database was moved
        self._missing = self._unwritten = ""
        try:
            state.mkdir(parents=True, exist_ok=True)
            self._base = self._opened()
        except (ValueError, OSError, sqlite3.Error) as error:
            if not optional:
                raise
            self._missing = f"the history is not kept: {error}"
            self._base = sqlite3.connect(":memory:", check_same_thread=False)
            migrate(self._base, self.path)

    @property
    def problem(self) -> str:
        """Why it is not kept, or was not the last time."""
        return self._missing or self._unwritten

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
            self._base.executemany(_PLAN, [(config, *key, now) for key in wanted])
        return {(worker, host): since for worker, host, since in self._base.execute(query, [config])}

    def keep(self, entries: Iterable[Entry]) -> None:
        """Write these runs, or their newer figures."""
        with self._base:
            self._base.executemany(_RUN, map(to_row, entries))

    def offer(self, entries: Sequence[Entry], winners: Iterable[tuple[str, str, str, float]]) -> bool:
        """The same, and winners as (race, run, worker, time); False, with the `problem`, when it cannot be done now."""
        try:
            self.keep(entries)
            for winner in winners:
                self.keep_winner(*winner)
        except sqlite3.Error as error:
            self._unwritten = f"{self.path} cannot be written: {error}"
            return False
        self._unwritten = ""
        return True

    def keep_winner(self, race: str, run: str, worker: str, when: float) -> None:
        with self._base:
            self._base.execute(_WINNER, (race, run, worker, when))

    def forget(self, host: str, run: str) -> None:
        """A run is not of the index any more."""
        with self._base:
            self._base.execute("DELETE FROM runs WHERE host = ? AND run = ?", (host, run))

    def runs(self) -> list[Entry]:
        """All runs, the newest first."""
        rows = self._base.execute("SELECT * FROM runs ORDER BY coalesce(started, seen) DESC")
        names = [column[0] for column in rows.description]
        return [from_row(dict(zip(names, row, strict=True))) for row in rows]

    def winners(self) -> dict[str, tuple[str, str, float]]:
        """Race id → (run, worker, time)."""
        rows = self._base.execute("SELECT race, run, worker, time FROM winners")
        return {race: (run, worker, when) for race, run, worker, when in rows}

    def _opened(self) -> sqlite3.Connection:
        try:
            return _open(self.path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        with _locked(self.path):
            try:
                return _open(self.path)  # another console has mended it meanwhile
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            self.set_aside = _set_aside(self.path)
            base = _open(self.path)
            with base:
                base.executemany(_PLAN, _plans_of(self.set_aside))
            return base


def _open(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, timeout=OPENING_S, check_same_thread=False)  # opened in one thread, used in another
    try:
        version = version_of(base, path)  # before anything is changed
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        (found,) = base.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        if version == 0:
            rebuilt = from_mirror(path.parent)  # before others have to wait
            migrate(base, path, lambda base, _state: _fill(base, rebuilt))
        elif version < len(STEPS):
            migrate(base, path)
        base.execute(f"PRAGMA busy_timeout = {WRITING_S * 1000:.0f}")
    except BaseException:
        base.close()
        raise
    return base


def _fill(base: sqlite3.Connection, rebuilt: Rebuilt) -> None:
    base.executemany(_RUN, map(to_row, rebuilt.entries))
    base.executemany(_WINNER, [(race, one.run, one.worker, one.time) for race, one in rebuilt.winners.items()])


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether another file would help: not when the database is only busy or its disk is full."""
    words = ("locked", "busy", "full", "unable to open", "readonly", "disk I/O")
    return not isinstance(error, sqlite3.OperationalError) or not any(word in str(error) for word in words)


def _set_aside(path: Path) -> Path:
    """With its journal, which belongs to it."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.with_name(f"{path.name}-wal").rename(aside.with_name(f"{aside.name}-wal"))
    path.rename(aside)
    return aside


def _plans_of(damaged: Path) -> list[tuple[str, str, str, float]]:
    """Since when workers are planned, as far as it can still be read: nothing else knows."""
    found: list[tuple[str, str, str, float]] = []
    with contextlib.suppress(sqlite3.Error):
        base = sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)
        try:
            for row in base.execute("SELECT config, worker, host, since FROM planned"):
                match row:
                    case (str(config), str(worker), str(host), float(since)):
                        found.append((config, worker, host, since))
        finally:
            base.close()
    return found


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
