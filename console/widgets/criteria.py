"""Why it has not stopped: each criterion with value, threshold, verdict and trend, and when the next check is."""

from console import format as fmt
from console.charts.forecast import epoch_of
from console.fleet.cells import Trend, WorkerRow
from console.fleet.model import Run
from console.fleet.points import points
from console.fleet.records import reported
from console.glyphs import marks
from console.plain import plain
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line, cut, padded
from console.widgets.scrolled import Scrolled
from trainer.record.status import Criterion

_NAME = 30  # cells of a metric's name inside a sentence
_SETTLED = frozenset(
    {"criteria met", "finished", "lost the race", "stopped", "failed", "killed", "out of memory", "vanished"}
)


class CriteriaPane(Scrolled):
    """The criteria of one worker."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: WorkerRow | None = None
        self._run: Run | None = None

    def show(self, row: WorkerRow | None, run: Run | None = None) -> None:
        """The worker to speak of. With its run it is told where the criteria are going, too."""
        if row != self._row or (run is not None and run.status is not (self._run.status if self._run else None)):
            self._row, self._run = row, run
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        if self._row is None:
            return []
        return [padded(((" ", "text"), *cut(line, width - 1)), width) for line in self._told(width - 1)]

    def _told(self, width: int) -> list[Line]:
        assert self._row is not None
        return criteria_lines(self._row, width, self._run)


def criteria_lines(row: WorkerRow, width: int, run: Run | None = None) -> list[Line]:
    """The whole answer as lines."""
    forecasts = _forecasts(row, run)
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
        way = _trend_words(trends.get(item.metric), item, width - name_width - 20, forecasts.get(item.metric))
        lines.append(
            (
                (f"{sign} ", tone),
                (fmt.fit(plain(item.metric), name_width), "text"),
                (fmt.right(fmt.number(value), 8), "strong" if item.passed is False else "text"),
                (f"  {plain(item.op)} {fmt.number(item.threshold, 2)}", "quiet"),
                (f"   {way}", "quiet"),
            )
        )
    told = [((part, "text"),) for text in _sentences(row, run, forecasts) for part in folded(text, width)]
    return [*lines, *_next_check(row), *told, *_notes(row)]


def _forecasts(row: WorkerRow, run: Run | None) -> dict[str, int | None]:
    """Epoch at which each criterion that does not hold yet will, at this rate."""
    if run is None or not row.state.live:
        return {}
    open_ = [item for item in row.criteria if item.passed is False]
    return {item.metric: epoch_of(item, *points(run, item.metric, "epoch")) for item in open_}


def _sentences(row: WorkerRow, run: Run | None, forecasts: dict[str, int | None]) -> list[str]:
    """Which criterion decides, and what else ends the run."""
    told = []
    never = [_short(name) for name, epoch in forecasts.items() if epoch is None]
    known = {name: epoch for name, epoch in forecasts.items() if epoch is not None}
    end = f"; it ends after epoch {row.epochs} at the latest" if row.epochs else ""
    if never:
        verb = "does" if len(never) == 1 else "do"
        told.append(f"{', '.join(never)} {verb} not come nearer at this rate{end}.")
    elif known:
        last = max(known, key=lambda name: known[name])
        if row.epochs is not None and known[last] > row.epochs:
            told.append(f"{_short(last)} needs until epoch {known[last]} at this rate: too long, it has {row.epochs}.")
        else:
            told.append(f"At this rate all hold at epoch {known[last]}: {_short(last)} is the last{end}.")
    status = reported(run) if run is not None else None
    stopping = status.stopping if status else None
    if stopping is not None and stopping.patience and stopping.patience_left is not None and row.state.live:
        what = _short(stopping.patience_metric or "the decisive metric")
        told.append(f"Patience: {stopping.patience_left} of {stopping.patience} left for a better {what}.")
    return told


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


def _short(name: str) -> str:
    """A metric's name inside a sentence."""
    name = plain(name)
    return name if fmt.cell_len(name) <= _NAME else fmt.fit(name, _NAME)


def _trend_words(trend: Trend | None, item: Criterion, width: int, forecast: int | None = None) -> str:
    """Where it is going, when it will be there, whether it was better once; as much as there is room for."""
    if trend is None or item.passed:
        return ""
    way = "rising" if trend.direction > 0 else "falling" if trend.direction < 0 else "level"
    coming = f"epoch {forecast} at this rate" if forecast is not None else ""
    better = trend.best is not None and (
        trend.best > trend.value if item.op.startswith(">") else trend.best < trend.value
    )
    at = f" at epoch {trend.best_epoch}" if trend.best_epoch is not None else ""
    best = (f"best {fmt.number(trend.best)}{at}", f"best {fmt.number(trend.best)}") if better else ("",)
    longest = [[way, coming, words] for words in best] + [[way, coming], [coming or way]]
    told = (", ".join(filter(None, words)) for words in longest)
    return next((words for words in told if fmt.cell_len(words) <= width - 3), coming or way)


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
