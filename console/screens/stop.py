"""Ending workers: who, what will happen, in how many seconds; then how it goes, until they are verified gone."""

from collections.abc import Sequence
from itertools import pairwise

from console import format as fmt
from console.fleet.cells import WorkerRow
from console.plain import plain
from console.screens.dialog import Dialog
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line
from remote.launcher import LADDER, Rung

STOP, KILL, CANCEL, CLOSE = "stop", "kill now", "cancel", "close"
_MOST = 6  # workers listed


class StopDialog(Dialog[None]):
    """Stop or kill. Nothing happens before a choice is made."""

    def __init__(self, rows: Sequence[WorkerRow], *, kill: bool = False) -> None:
        super().__init__()
        self._rows = tuple(rows)
        self._kill = kill
        self.title_text = f"{'Kill' if kill else 'Stop'} {fmt.plural(len(self._rows), 'worker')}"

    def choices(self) -> tuple[str, ...]:
        if self.deed is None:
            return (CANCEL, KILL) if self._kill else (STOP, KILL, CANCEL)
        return (CLOSE,) if self.deed.done or self.deed.name == "kill" else (CLOSE, KILL)

    def lines(self, width: int) -> list[Line]:
        now = self.console.clock()
        lines: list[Line] = [BLANK]
        for row in self._rows[:_MOST]:
            lines += [
                ((f"   {plain(row.worker)}", "strong"), (f" on {plain(row.host)}{_progress(row)}", "text")),
                ((f"     {_saved(row, now)}", "quiet"),),
            ]
        if len(self._rows) > _MOST:
            lines.append(((f"   and {fmt.plural(len(self._rows) - _MOST, 'other')}", "text"),))
        if self.deed is not None:
            return [*lines, *self.deed_lines(width)]
        words = ladder_words(self._ladder(), kill=self._kill)
        return [
            *lines,
            BLANK,
            *(((f"   {part}", "text"),) for text in words for part in folded(text, width - 4)),
            BLANK,
        ]

    def _ladder(self) -> tuple[Rung, ...]:
        """The one that takes longest."""
        found = [self.console.actions.ladder(row.key) for row in self._rows if row.key is not None]
        return max(found, key=lambda ladder: ladder[0].grace, default=LADDER)

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        runs, names = (
            tuple(row.key for row in self._rows if row.key is not None),
            tuple(row.worker for row in self._rows),
        )
        app = self.console
        if event.name == STOP:
            self.deed = app.perform("stop", names, lambda: app.actions.stop(runs))
        elif event.name == KILL:
            self.deed = app.perform("kill", names, lambda: app.actions.kill(runs))
        else:
            self.close(None)
            return
        self.refresh_body()


def ladder_words(ladder: Sequence[Rung], *, kill: bool) -> list[str]:
    """What will be done, rung by rung."""
    if kill:
        return ["ends every process of it at once, with no checkpoint: what it did since the last one is lost"]
    rungs = " · ".join(
        f"{'then ' if not place else ''}{rung.what} after {fmt.span(before.grace)}"
        for place, (before, rung) in enumerate(pairwise(ladder))
    )
    return ["asks it to save a checkpoint and end", rungs]


def _progress(row: WorkerRow) -> str:
    epoch = f" · epoch {row.epoch}/{row.epochs}" if row.epoch is not None and row.epochs else f" · {row.state.name}"
    took = f" · {fmt.span(row.elapsed_s)}" if row.elapsed_s is not None else ""
    return f"{epoch}{took}"


def _saved(row: WorkerRow, now: float) -> str:
    if row.checkpoint is None:
        return "no checkpoint yet"
    at = (
        f"epoch {row.checkpoint.epoch}"
        if row.checkpoint.epoch is not None
        else f"step {fmt.count(row.checkpoint.step)}"
    )
    since = f", {fmt.span(now - row.checkpoint.time)} ago" if row.checkpoint.time is not None else ""
    return f"last checkpoint {at}{since}"
