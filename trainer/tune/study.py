"""A study as one file that any number of processes share: ask for settings, report, tell what came of them.

`study.jsonl` is only appended to, under the lock `study.lock`; its first line says what the study is about. What was
asked and never told belongs to whoever holds its claim, a lock that the kernel gives back when its process ends,
however it ends: so a killed process loses nothing, and no trial is done twice.
"""

import contextlib
import dataclasses
import fcntl
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from trainer import config as configuration
from trainer.criteria import better
from trainer.record.jsonl import decode_lines, encode, jsonable, numbers
from trainer.schema import ConfigError, Problem
from trainer.tune import pruning
from trainer.tune.plan import Plan, Trial
from trainer.tune.sampling import propose

JOURNAL, LOCK, CLAIMS, ELSEWHERE = "study.jsonl", "study.lock", ".claims", ".elsewhere"
TOLD = ("complete", "pruned", "failed")
_HOPELESS = 3


class Study:
    """Open on a folder. ConfigError when that holds another study."""

    def __init__(self, folder: Path, plan: Plan, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.plan, self._clock = folder, plan, clock
        (folder / CLAIMS).mkdir(parents=True, exist_ok=True)
        with self._locked() as journal:
            rows = journal.rows()
            if rows:
                self._same(rows[0])
            else:
                journal.add({"study": plan.head()})

    # ---- ask and tell ------------------------------------------------------------------------------------------------

    def ask(self) -> Trial | None:
        """Settings that nobody has tried; None when there are as many trials as wanted, or nothing is left to try."""
        with self._locked() as journal:
            return self._ask(journal)

    def report(self, number: int, epoch: int, value: float) -> str:
        """What a running trial's metric is after an epoch. Returns why the trial should end; empty: it goes on."""
        with self._locked() as journal:
            journal.add({"report": number, "epoch": epoch, "value": value})
            trials = trials_of(journal.rows(), self.plan.mode)
        mine = next(trial for trial in trials if trial.number == number)
        return pruning.verdict(self.plan.tune, self.plan.mode, trials, mine, epoch)

    def tell(self, number: int, state: str, value: float | None = None, *, why: str = "", seconds: float = 0.0) -> None:
        """What came of it: complete with its best value, pruned or failed. Once."""
        assert state in TOLD, state
        with self._locked() as journal:
            found = {trial.number: trial for trial in trials_of(journal.rows(), self.plan.mode)}
            if number not in found or found[number].state != "running":
                what = found[number].state if number in found else "never asked for"
                raise ValueError(f"trial {number} is {what}: nothing more can be told of it")
            journal.add({"tell": number, "state": state, "value": value, "why": why, "seconds": round(seconds, 3)})

    def place(self, number: int, where: str) -> None:
        """Where a trial is trained, in words of whoever trains it; the newest counts."""
        with self._locked() as journal:
            journal.add({"place": number, "where": where})

    def places(self) -> dict[int, str]:
        """What `place` was told."""
        with self._locked() as journal:
            rows = journal.rows()
        return {row["place"]: str(row.get("where", "")) for row in rows if _number(row.get("place"))}

    def trials(self) -> list[Trial]:
        """All that were asked for, in their order."""
        with self._locked() as journal:
            return trials_of(journal.rows(), self.plan.mode)

    # ---- whose trial -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def take(self, *, new: bool = True) -> Iterator[Trial | None]:
        """A trial for this process alone: one that a process left when it ended, else a new one if wanted."""
        with self._locked() as journal:
            trial, hold = None, None
            left = [item for item in trials_of(journal.rows(), self.plan.mode) if item.state == "running"]
            for item in left:
                hold = self._claim(item.number)
                if hold is not None:
                    trial = item
                    break
            if trial is None and new:
                trial = self._ask(journal)
                hold = None if trial is None else self._claim(trial.number)
        try:
            yield trial
        finally:
            if hold is not None:
                hold.close()

    def _claim(self, number: int) -> IO[bytes] | None:
        file = (self.folder / CLAIMS / f"{number:04d}").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        return file

    # ---- the file ----------------------------------------------------------------------------------------------------

    def _ask(self, journal: "_Journal") -> Trial | None:
        trials = trials_of(journal.rows(), self.plan.mode)
        number = len(trials)
        settings = propose(self.plan, trials, number) if number < self.plan.tune.trials else None
        if settings is None:
            return None
        journal.add({"ask": number, "settings": settings})
        return Trial(number, settings)

    def _same(self, first: Mapping[str, Any]) -> None:
        """Trials of another configuration cannot be compared with ours."""
        there, mine = numbers(jsonable(first.get("study") or {})), numbers(jsonable(self.plan.head()))
        for key, (old, new) in configuration.differences(there, mine).items():
            what, mend = f"was begun with {old!r}, not {new!r}", "another --run-dir for another study"
            raise ConfigError([Problem(str(self.folder), None, key.removeprefix("config."), what, mend)])

    @contextlib.contextmanager
    def _locked(self) -> Iterator["_Journal"]:
        with (self.folder / LOCK).open("ab") as lock, (self.folder / JOURNAL).open("a+b", buffering=0) as file:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield _Journal(file, self._clock)


class _Journal:
    """Rows, while the lock is held."""

    def __init__(self, file: IO[bytes], clock: Callable[[], float]) -> None:
        self._file, self._clock = file, clock

    def rows(self) -> list[dict[str, Any]]:
        self._file.seek(0)
        return [numbers(row) for row in decode_lines(self._file.read())[0]]

    def add(self, row: Mapping[str, Any]) -> None:
        size = self._file.seek(0, os.SEEK_END)
        if size:
            self._file.seek(size - 1)
            if self._file.read(1) != b"\n":  # of a process that was killed while it wrote: only that line is lost
                self._file.write(b"\n")
        self._file.write(encode({"t": round(self._clock(), 3), **row}))
        os.fsync(self._file.fileno())


def not_elsewhere(folder: Path) -> None:
    """ConfigError for a study whose trials are trained by another program."""
    if (folder / ELSEWHERE).exists():
        what, mend = "its trials are runs of a console", "trajconsole tune goes on with it; or another --run-dir"
        raise ConfigError([Problem(str(folder), None, "", what, mend)])


def trials_of(rows: Sequence[Mapping[str, Any]], mode: str) -> list[Trial]:
    """What the rows say, by number. Odd rows are passed over: whoever wrote them was killed."""
    found: dict[int, Trial] = {}
    for row in rows:
        if _number(row.get("ask")) and isinstance(row.get("settings"), Mapping):
            found.setdefault(row["ask"], Trial(row["ask"], dict(row["settings"])))
            continue
        trial = next(
            (found[row[key]] for key in ("report", "tell") if _number(row.get(key)) and row[key] in found), None
        )
        if trial is None:
            continue
        if "report" in row and isinstance(row.get("epoch"), int) and _number(row.get("value")):
            found[trial.number] = dataclasses.replace(trial, seen={**trial.seen, row["epoch"]: float(row["value"])})
        elif "tell" in row and row.get("state") in TOLD:
            value = float(row["value"]) if _number(row.get("value")) else None
            best = _best(trial.seen, mode)
            found[trial.number] = dataclasses.replace(
                trial,
                state=row["state"],
                value=best[1] if value is None and best and row["state"] == "pruned" else value,
                epoch=best[0] if best else None,
                why=str(row.get("why", "")),
                seconds=row["seconds"] if _number(row.get("seconds")) else None,
            )
    return [found[number] for number in sorted(found)]


def best_of(trials: Sequence[Trial], mode: str) -> Trial | None:
    """The best of those that were trained to their end; of equals the first."""
    found: Trial | None = None
    for trial in trials:
        if trial.state == "complete" and trial.value is not None:
            than = math.nan if found is None or found.value is None else found.value
            found = trial if better(trial.value, than, mode) else found
    return found


def hopeless(trials: Sequence[Trial], mode: str) -> bool:
    """So many have failed, and none came to its end, that the rest would fail too."""
    return sum(item.state == "failed" for item in trials) >= _HOPELESS and best_of(trials, mode) is None


def _best(seen: Mapping[int, float], mode: str) -> tuple[int, float] | None:
    best: tuple[int, float] | None = None
    for epoch, value in sorted(seen.items()):
        if better(value, math.nan if best is None else best[1], mode):
            best = epoch, value
    return best


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
