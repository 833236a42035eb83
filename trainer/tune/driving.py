"""Trains the trials of a study, one after the other, each as a process of its own that writes a run of its own.

The process ends with this one, however this one ends: what it had kept is gone on from. A trial that should end early
is asked to by its stop file, as anybody would ask a run; so are all when the study is stopped.
"""

import contextlib
import fcntl
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from trainer import origin
from trainer.config import to_toml
from trainer.launching import LEASH, same_command
from trainer.record import RunReader, atomic, files
from trainer.record.status import Status
from trainer.schema import ConfigError
from trainer.tune.plan import Plan, Trial
from trainer.tune.study import Study

PRUNED, ASKED = "pruned: ", "the study was stopped"
DONE = ("finished", "criteria met")
_LOOK = 0.1  # seconds between looks at a trial
_PATIENCE = 60.0  # seconds in which a run that was orphaned gives its folder free


@dataclass
class Outcome:
    """What became of a trial. `state` is empty when it was stopped with the study: it is gone on from later."""

    state: str
    value: float | None = None
    why: str = ""


class Stopping:
    """Whether the study is asked to end: SIGINT, SIGTERM or its stop file. A second signal ends the trial at once."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / files.STOP
        self._signals = 0
        self.process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def listening(self, since: float) -> Iterator["Stopping"]:
        """A stop file from before this process has done its work."""
        with contextlib.suppress(FileNotFoundError):
            if self._file.stat().st_mtime < since:
                self._file.unlink()
        former = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        return bool(self._signals) or self._file.exists()

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1 and self.process is not None:
            self.process.kill()


class Driver:
    """Trains trials. `shown(trial)` is told of a trial with every figure that it has shown."""

    def __init__(self, study: Study, place: Callable[[int], Path], stopping: Stopping) -> None:
        self._study, self._plan, self._place, self._stopping = study, study.plan, place, stopping

    def train(self, trial: Trial, shown: Callable[[int, float, Status | None], None]) -> Outcome:
        """To its end, or until the study is asked to end. Figures of an earlier attempt are not told again."""
        folder = self._place(trial.number)
        refused = self._prepare(folder, trial)
        if refused:
            return Outcome("failed", why=refused)
        reader, pruned, asked = RunReader(folder), "", False
        status = reader.status()
        if status is None or not (status.state in DONE or (status.state == "stopped" and PRUNED in status.reason)):
            _wait_for(folder / files.LOCK)
            with self._running(folder, resume=status is not None) as process:
                seen, size = dict(trial.seen), -1
                while True:
                    ended = process.poll() is not None
                    now = _size(folder / files.METRICS)
                    if now != size:
                        size = now
                        for epoch, value in self._news(reader, seen):
                            seen[epoch] = value
                            why = self._study.report(trial.number, epoch, value)
                            shown(epoch, value, reader.status())
                            if why and not pruned and not ended:
                                pruned = why
                                _stop(folder, f"{PRUNED}{why}")
                    if ended:
                        break
                    if self._stopping.asked and not asked:
                        asked = True
                        _stop(folder, ASKED)
                    time.sleep(_LOOK)
        for epoch, value in self._news(reader, trial.seen):  # of an attempt whose end nobody saw
            self._study.report(trial.number, epoch, value)
        return self._outcome(reader, pruned, asked)

    def _prepare(self, folder: Path, trial: Trial) -> str:
        """The run's folder with its configuration. Returns what is wrong with it."""
        if (folder / files.RUN).is_file():
            return ""
        lineage = {
            "study": str(self._study.folder.resolve()),
            "trial": trial.number,
            "parameters": dict(trial.settings),
        }
        try:
            config = self._plan.of(trial, folder.name, {**origin.by_hand(), "tune": lineage})
        except ConfigError as error:
            return str(error)
        folder.mkdir(parents=True, exist_ok=True)
        atomic.replace(folder / files.RUN, to_toml(config).encode(), durable=True)
        return ""

    @contextlib.contextmanager
    def _running(self, folder: Path, *, resume: bool) -> Iterator[subprocess.Popen[bytes]]:
        hold, leash = os.pipe()
        words = ["run", str(folder / files.RUN), "--run-dir", str(folder), *(["--resume"] if resume else [])]
        with (folder / files.LOG).open("ab") as log:
            process = subprocess.Popen(
                [*same_command(), *words],
                env={**os.environ, LEASH: str(hold)},
                pass_fds=(hold,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # a key on the terminal reaches this process alone, which asks the trial
            )
        self._stopping.process = process
        try:
            yield process
        finally:
            self._stopping.process = None
            process.kill()
            process.wait()
            os.close(hold)
            os.close(leash)

    def _news(self, reader: RunReader, seen: Any) -> list[tuple[int, float]]:
        """Figures of epochs that are new or have changed, oldest first."""
        found = []
        for row in reader.metrics():
            epoch, value = row.get("epoch"), row.get(self._plan.metric)
            if row.get("phase") == "val" and isinstance(epoch, int) and epoch and isinstance(value, int | float):
                before = seen.get(epoch)
                if before is None or not (before == value or (math.isnan(before) and math.isnan(value))):
                    found.append((epoch, float(value)))
        return found

    def _outcome(self, reader: RunReader, pruned: str, asked: bool) -> Outcome:
        status = reader.status()
        state, reason = ("", "") if status is None else (status.state, status.reason)
        value = _best(reader, self._plan)
        if state in DONE:
            if value is None:
                return Outcome("failed", why=f"it finished and never had a {self._plan.metric} that is a number")
            return Outcome("complete", value)
        if state == "stopped" and PRUNED in reason:
            return Outcome("pruned", value, pruned or reason.partition(PRUNED)[2])
        if asked or self._stopping.asked or ASKED in reason:
            return Outcome("")
        if state == "stopped":
            return Outcome("pruned", value, reason)
        last = reader.log(4096).decode("utf-8", "replace").strip().splitlines()
        return Outcome("failed", why=reason or (last[-1] if last else "its process ended and said nothing"))


def _best(reader: RunReader, plan: Plan) -> float | None:
    values = [
        float(row[plan.metric])
        for row in reader.metrics()
        if row.get("phase") == "val" and row.get("epoch") and isinstance(row.get(plan.metric), int | float)
    ]
    known = [value for value in values if not math.isnan(value)]
    return (max(known) if plan.mode == "max" else min(known)) if known else None


def _stop(folder: Path, why: str) -> None:
    atomic.replace(folder / files.STOP, f"{why}\n".encode())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _wait_for(lock: Path) -> None:
    """Until nobody writes the run any more: the process of a killed study needs a moment to go."""
    ends = time.monotonic() + _PATIENCE
    while lock.exists() and time.monotonic() < ends:
        with lock.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                time.sleep(0.05)
            else:
                return
