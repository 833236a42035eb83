"""A study as a run that the console shows: how many trials are done, the best so far, what runs now.

One of the processes that share a study writes its folder; when that one is gone, the next takes over.
"""

import contextlib
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer import process, session
from trainer.board import Board
from trainer.record import RunLocked, RunReader, RunWriter, Status
from trainer.record.status import Best, Progress
from trainer.tune.plan import Plan, Trial
from trainer.tune.study import TOLD, best_of


class Teller:
    """Writes status.json, metrics.jsonl and events.jsonl of the study's folder, if no other process does."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder, self._plan = folder, plan
        self._writer: RunWriter | None = None
        self._board: Board | None = None
        self._rows: set[Any] = set()

    def tell(self, trials: Sequence[Trial], what: str = "", done: float = 0, total: float | None = None) -> None:
        """Where the study is; `what` runs in this process."""
        board = self._open()
        if board is None or self._writer is None:
            return
        told = [trial for trial in trials if trial.state in TOLD]
        for number, trial in enumerate(told, 1):
            if trial.number not in self._rows:
                self._rows.add(trial.number)
                best = best_of(told[:number], self._plan.mode)
                values = {self._plan.metric: trial.value, "best": None if best is None else best.value}
                figures = {key: value for key, value in values.items() if value is not None}
                numbers = {key: value for key, value in trial.settings.items() if isinstance(value, int | float)}
                row = {"step": number, "epoch": number, "phase": "val", "trial": trial.number, **figures}
                self._writer.metric({**row, **{key: float(value) for key, value in numbers.items()}})
                self._writer.event("trial", number=trial.number, state=trial.state, value=trial.value, why=trial.why)
        best = best_of(told, self._plan.mode)
        figures = {} if best is None or best.value is None else {self._plan.metric: best.value}
        board.set(
            step=len(told),
            epoch=len(told),
            metrics=figures,
            best={name: Best(value, mode=self._plan.mode) for name, value in figures.items()},
            progress=Progress(what, done, total) if what else None,
        )
        board.moved()

    def end(self, state: str, reason: str, figures: Sequence[str] = ()) -> None:
        """The last words, if we write."""
        if self._board is not None and self._writer is not None:
            self._board.now(state=state, reason=reason, progress=None, figures=tuple(figures))
            self._writer.event("ended", state=state, reason=reason)

    def close(self) -> None:
        if self._board is not None:
            self._board.stop()
        if self._writer is not None:
            self._writer.close()

    def _open(self) -> Board | None:
        if self._board is None:
            with contextlib.suppress(RunLocked):
                self._writer = RunWriter(self._folder)
                reader = RunReader(self._folder)
                self._rows = {row.get("trial") for row in reader.metrics()}
                self._board = Board(self._writer.status, self._first(reader.config()))
                self._board.now()
                self._board.start()
        return self._board

    def _first(self, written: dict[str, Any]) -> Status:
        now = time.time()
        origin = written.get("origin")
        name = session.worker(origin) if isinstance(origin, dict) else ""
        return Status(
            state="training",
            phase="tuning",
            run=self._folder.resolve().name,
            worker=name or self._plan.config.run.name,
            steps=self._plan.tune.trials,
            epochs=self._plan.tune.trials,
            started=now,
            heartbeat=now,
            pid=os.getpid(),
            pid_start=process.start_ticks(),
            host=socket.gethostname(),
        )
