"""A race followed in lines of text: what is worth a line, and when it is over. Pure; the time is an argument."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from console.fleet.cells import RaceView, WorkerRow
from console.fleet.findings.criteria import verdict
from console.format import span
from console.frame import figures

PROGRESS_S = 5.0  # between two lines of one worker that only say how far it is
STEPS_S = 10.0  # … while it trains
ROUTINE = {"training", "validating"}  # these take turns: not worth a line
SETTLED_S = 1.0  # a race is over when it has looked over for this long


@dataclass(slots=True)
class _Told:
    """What was last said of a worker."""

    state: str = ""
    epoch: int | None = None
    checked: int | None = None
    at: float = float("-inf")
    progress: object = None
    said: set[str] = field(default_factory=set)


class RaceFollower:
    """Give it every new picture of the race; it answers with the lines that are news."""

    def __init__(self, rivals: int) -> None:
        self._rivals = rivals
        self._told: dict[str, _Told] = {}
        self._over_since: float | None = None

    def lines(self, view: RaceView, now: float) -> Iterator[str]:
        """What is new."""
        clock = time.strftime("%H:%M:%S", time.localtime(now))
        for item in sorted(view.standings, key=lambda standing: standing.row.worker):
            told = self._told.setdefault(item.row.worker, _Told())
            for text in _news(item.row, told, now):
                yield f"{clock} {item.row.worker}: {text}"

    def over(self, view: RaceView, now: float) -> bool:
        """Whether every rival has ended, and stays so."""
        if not view.over or len(view.standings) < self._rivals:
            self._over_since = None
            return False
        if self._over_since is None:
            self._over_since = now
        return now - self._over_since >= SETTLED_S


def _news(row: WorkerRow, told: _Told, now: float) -> Iterator[str]:
    state = row.state
    if state.name != told.state:
        if {state.name, told.state} != ROUTINE:
            told.at = now
            yield f"{state.name}{_because(row)}"
        told.state = state.name
    for note in row.notes:
        if note not in told.said:
            told.said.add(note)
            yield note
    if row.validated_epoch is not None and row.validated_epoch != told.epoch:
        told.epoch, told.at = row.validated_epoch, now
        yield f"epoch {row.validated_epoch}/{row.epochs}  {figures(row)}"
    if row.checked_epoch is not None and row.checked_epoch != told.checked:
        told.checked = row.checked_epoch
        marks = ((("✓" if item.passed else "✗"), verdict(item)) for item in row.criteria)
        yield f"check at epoch {row.checked_epoch}  {'  '.join(f'{mark} {text}' for mark, text in marks)}"
    quiet_for, progress = now - told.at, (row.progress, row.step)
    if state.live and progress != told.progress and quiet_for >= (STEPS_S if row.progress is None else PROGRESS_S):
        told.progress, told.at = progress, now
        steps = f"step {row.step:,}/{row.steps:,}  " if row.progress is None and row.step and row.steps else ""
        yield f"{state.name}  {steps}{figures(row)}"
    for item in row.advice:
        if item.level != "note" and item.what not in told.said:
            told.said.add(item.what)
            yield f"! {item.what}: {item.proof} → {item.mend}"


def _because(row: WorkerRow) -> str:
    if row.state.live:
        return f"  {row.state.detail}" if row.state.detail else ""
    took = f"  after {span(row.elapsed_s)}" if row.elapsed_s is not None else ""
    return f"{took}  {row.state.detail or row.state.evidence}"
