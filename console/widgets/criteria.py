"""Why it has not stopped: each criterion with value, threshold, verdict and trend, and when the next check is."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console import format as fmt
from console.fleet.cells import Trend, WorkerRow
from console.glyphs import marks
from console.plain import plain
from console.widgets.lines import BLANK, Line, Lines, cut, padded
from trainer.record.status import Criterion

_SETTLED = frozenset(
    {"criteria met", "finished", "lost the race", "stopped", "failed", "killed", "out of memory", "vanished"}
)


class CriteriaPane(Lines):
    """The criteria of one worker."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "down", show=False),
        Binding("k,up", "scroll_up", "up", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: WorkerRow | None = None

    def show(self, row: WorkerRow | None) -> None:
        """The worker to speak of."""
        if row != self._row:
            self._row = row
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        if self._row is None:
            return []
        return [padded(((" ", "text"), *cut(line, width - 1)), width) for line in criteria_lines(self._row, width - 1)]


def criteria_lines(row: WorkerRow, width: int) -> list[Line]:
    """The whole answer as lines."""
    if not row.criteria:
        return [((_none(row), "quiet"),), *_notes(row)]
    passed = sum(1 for item in row.criteria if item.passed)
    lines: list[Line] = [
        ((f"{_question(row)}  ", "strong"), (f"{marks(row.criteria)} {passed}/{len(row.criteria)}", "text"))
    ]
    trends = dict(row.metrics)
    name_width = min(max(fmt.cell_len(plain(item.metric)) for item in row.criteria), max(8, width - 30))
    for item in row.criteria:
        sign, tone = ("·", "quiet") if item.passed is None else ("✓", "good") if item.passed else ("✗", "warn")
        value = item.value if item.value is not None else (trends[item.metric].value if item.metric in trends else None)
        lines.append(
            (
                (f"{sign} ", tone),
                (fmt.fit(plain(item.metric), name_width), "text"),
                (fmt.right(fmt.number(value), 8), "strong" if item.passed is False else "text"),
                (f"  {plain(item.op)} {fmt.number(item.threshold, 2)}", "quiet"),
                (f"   {_trend_words(trends.get(item.metric), item, width - name_width - 20)}", "quiet"),
            )
        )
    return [*lines, *_next_check(row), *_notes(row)]


def _question(row: WorkerRow) -> str:
    if row.state.name == "criteria met":
        return "all criteria are met"
    if row.state.name in _SETTLED:
        return "criteria at the last check"
    if all(item.passed is None for item in row.criteria):
        return "not checked yet"
    if all(item.passed for item in row.criteria):
        return "all are met: it ends at the next check"
    return "why it has not stopped"


def _none(row: WorkerRow) -> str:
    if row.key is None:
        return "Never started: its criteria are read when it runs."
    if row.state.live:
        return "No criteria yet: the run has not named any."
    return "This run named no criteria."


def _trend_words(trend: Trend | None, item: Criterion, width: int) -> str:
    """Where it is going, and whether it was better once, if there is room to say so."""
    if trend is None or item.passed:
        return ""
    way = "rising" if trend.direction > 0 else "falling" if trend.direction < 0 else "level"
    better = trend.best is not None and (
        trend.best > trend.value if item.op.startswith(">") else trend.best < trend.value
    )
    if not better:
        return way
    at = f" at epoch {trend.best_epoch}" if trend.best_epoch is not None else ""
    longest = (f"{way}, best {fmt.number(trend.best)}{at}", f"{way}, best {fmt.number(trend.best)}")
    return next((words for words in longest if fmt.cell_len(words) <= width - 3), way)


def _next_check(row: WorkerRow) -> list[Line]:
    if not row.state.live or row.next_check_epoch is None:
        return []
    text = f"next check after epoch {row.next_check_epoch}"
    if row.epoch is not None and row.epochs and row.eta_s is not None and row.epochs > row.epoch:
        epochs_to_go = max(0, row.next_check_epoch - row.epoch)
        text += f", in about {fmt.span(row.eta_s / (row.epochs - row.epoch) * epochs_to_go)}"
    return [((text, "quiet"),)]


def _notes(row: WorkerRow) -> list[Line]:
    return [BLANK, *(((plain(note), "quiet"),) for note in row.notes)] if row.notes else []
