"""Pulling runs onto this laptop: which, where to, which checkpoints; then how it goes."""

from collections.abc import Sequence
from pathlib import Path

from console import format as fmt
from console.fleet.cells import WorkerRow
from console.plain import plain
from console.pulling.choice import Checkpoints, Choice
from console.pulling.options import PullOptions
from console.screens.dialog import Dialog
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line

PULL, ALL, NONE = "pull", "all checkpoints", "no checkpoints"
CANCEL, STOP, CLOSE = "cancel", "stop it", "close"
_MOST = 6  # runs listed
_WANTED: dict[str, Checkpoints] = {PULL: "both", ALL: "all", NONE: "none"}


class PullDialog(Dialog[None]):
    """Nothing is taken before a choice is made. Closing it leaves the pull at work."""

    def __init__(self, rows: Sequence[WorkerRow], to: Path) -> None:
        super().__init__()
        self._rows, self._to = tuple(rows), to
        self._options = PullOptions(to)
        self.title_text = f"Pull {fmt.plural(len(self._rows), 'run')}"

    def choices(self) -> tuple[str, ...]:
        if self.deed is None:
            return (PULL, ALL, NONE, CANCEL)
        return (CLOSE,) if self.deed.done else (CLOSE, STOP)

    def lines(self, width: int) -> list[Line]:
        lines: list[Line] = [BLANK]
        for row in self._rows[:_MOST]:
            run = row.key.run if row.key is not None else ""
            lines += [
                ((f"   {plain(row.worker)}", "strong"), (f" on {plain(row.host)} · {row.state.name}", "text")),
                ((f"     {plain(run)}", "quiet"),),
            ]
        if len(self._rows) > _MOST:
            lines.append(((f"   and {fmt.plural(len(self._rows) - _MOST, 'other')}", "text"),))
        if self.deed is not None:
            return [*lines, *self.deed_lines(width)]
        words = [
            f"into {_place(self._to)}, a folder for each run",
            "metrics, logs, figures, results, and the best and the last checkpoint; each file verified by its hash",
        ]
        if any(row.state.live for row in self._rows):
            words.append("what is still running is not disturbed: you get it as it is now")
        told = [((f"   {part}", "text"),) for text in words for part in folded(text, width - 4)]
        return [*lines, BLANK, *told, BLANK]

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        if event.name == STOP:
            self._options.stop.set()
        elif event.name in _WANTED:
            runs = tuple(row.key for row in self._rows if row.key is not None)
            names = tuple(row.worker for row in self._rows)
            self._options = options = PullOptions(self._to, Choice(_WANTED[event.name]))
            app = self.console
            self.deed = app.perform("pull", names, lambda: app.actions.pull(runs, options))
        else:
            self.close(None)
            return
        self.refresh_body()


def _place(to: Path) -> str:
    return str(to) if to.is_absolute() else f"./{to} of the folder that the console was started in"
