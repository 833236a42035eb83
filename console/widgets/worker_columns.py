"""What the workers table shows of a row: its columns and, where figures would say nothing, a sentence. Pure."""

from collections.abc import Callable, Sequence

from console import format as fmt
from console.fleet.cells import Trend, WorkerRow
from console.glyphs import arrow, glyph, marks
from console.plain import plain
from console.widgets.columns import Column
from console.widgets.lines import Line

SHORT = {"val_accuracy": "val_acc", "attention_ratio": "ratio", "consistency": "consist", "train_accuracy": "acc"}
BROKEN = frozenset({"failed", "killed", "out of memory", "vanished"})
_BAR = 4


def short_name(metric: str) -> str:
    """A metric's name in at most eight cells."""
    metric = plain(metric)
    *first, last = metric.split("_")
    if len(metric) <= 8 or metric in SHORT or not first:
        return SHORT.get(metric) or fmt.fit(metric, min(8, fmt.cell_len(metric)))
    initials = "".join(part[:1] for part in first)[:3]
    return fmt.fit(f"{initials}_{last}"[:8], 8).rstrip()


def metric_names(rows: Sequence[WorkerRow]) -> list[str]:
    """Metrics worth a column, most wanted first: those of the criteria, the loss, then what most workers have."""
    wanted = [item.metric for row in rows for item in row.criteria]
    counts: dict[str, int] = {}
    for row in rows:
        for name, _ in row.metrics:
            counts[name] = counts.get(name, 0) + 1
    losses = [name for name in ("loss", "val_loss") if name in counts][:1]
    rest = sorted(counts, key=lambda name: -counts[name])
    return list(dict.fromkeys([*wanted, *losses, *rest]))[:12]


def _title(metric: str) -> str:
    """Above the figures: their last two cells are the trend's."""
    short = short_name(metric)
    return short + " " * (2 if fmt.cell_len(short) <= 7 else 1)


def worker_columns(rows: Sequence[WorkerRow], *, many_hosts: bool = True) -> list[Column[WorkerRow]]:
    """All columns, in the order of the screen; `columns.choose` drops what does not fit."""
    name_width = min(20, max([8, *(fmt.cell_len(plain(row.worker)) for row in rows)]))
    host_width = min(14, max([4, *(fmt.cell_len(plain(row.host)) for row in rows)]))
    epoch_width = max([5, *(len(_epoch(row)) for row in rows)])
    state_width = max([10, *(len(row.state.name) for row in rows)])
    criteria_width = max([8, *(2 * len(row.criteria) + 2 for row in rows)])
    names = metric_names(rows)
    first = len({item.metric for row in rows for item in row.criteria}) + 1  # the criteria's, and a loss
    ranks = {name: place + (5 if place < first else 20) for place, name in enumerate(names)}
    ordered = sorted(names, key=lambda name: (name not in ("loss", "val_loss"), names.index(name)))
    return [
        Column("WORKERS", name_width, 0, lambda row, width: ((fmt.fit(plain(row.worker), width), "strong"),)),
        Column(
            "host",
            host_width,
            6 if many_hosts else 40,
            lambda row, width: ((fmt.fit(plain(row.host), width), "quiet"),),
        ),
        Column("state", state_width, 0, _state),
        Column("epoch", epoch_width + 1 + _BAR, 1, lambda row, width: _progress(row, epoch_width, width), grow=40),
        *(Column(_title(name), 9, ranks[name], _metric_cell(name), to_right=True) for name in ordered),
        Column("criteria", criteria_width, 2, lambda row, width: _criteria(row), to_right=False),
        Column("samples/s", 9, 11, lambda row, width: ((_rate(row), "text"),), to_right=True),
        Column("data wait", 9, 18, _data_wait, to_right=True),
        Column("beat", 4, 10, _beat, to_right=True),
        Column("running", 8, 19, _elapsed, to_right=True),
        Column("eta", 7, 3, _eta, to_right=True),
    ]


def message(row: WorkerRow, *, selected: bool = False) -> Line:
    """The sentence that stands in the place of the figures, or nothing."""
    state = row.state
    quiet = "quiet" if state.unreachable_for is not None else "text"
    if state.name == "planned":
        since = f"planned {fmt.span(state.age)} ago, never started" if state.age is not None else "never started"
        return ((since, "quiet"), ("    s: start" if selected else "", "accent"))
    copy: Line = (("    pulled", "good"),) if row.pulled else ()
    if state.name in BROKEN:
        why = ("    Enter: why" if selected else "", "accent")
        return ((plain(state.detail or state.evidence), "bad" if quiet == "text" else quiet), *copy, why)
    if state.name in ("queued", "starting") and not row.metrics:
        return ((plain(state.detail or state.evidence), quiet),)
    if row.progress is not None and state.name == "preparing":
        return _preparing(row, quiet)
    if not row.metrics and row.epoch is None and (state.detail or state.evidence):
        return ((plain(state.detail or state.evidence), quiet), *copy)
    return ()


def _preparing(row: WorkerRow, tone: str) -> Line:
    assert row.progress is not None
    share = row.progress.done / row.progress.total if row.progress.total else None
    done, track = fmt.bar(share, 12) if share is not None else ("", "")
    left = "" if row.progress.eta_s is None else f"  {fmt.timer(row.progress.eta_s)} left"
    figure = f" {fmt.percent(share)}" if share is not None else f" {fmt.count(row.progress.done)}"
    what = plain(row.progress.what or row.state.detail or "preparing")
    return ((f"{what}  ", tone), (done, "accent"), (track, "quiet"), (figure, tone), (left, "quiet"))


def _state(row: WorkerRow, width: int) -> Line:
    if row.state.unreachable_for is not None:
        return ((row.state.name, "quiet"),)
    return ((row.state.name, glyph(row.state)[1].replace("accent", "text")),)


def _epoch(row: WorkerRow) -> str:
    if row.epoch is None and row.step is not None:
        return fmt.count(row.step)
    if row.epoch is None:
        return ""
    return f"{row.epoch}/{row.epochs}" if row.epochs else str(row.epoch)


def _progress(row: WorkerRow, text_width: int, width: int) -> Line:
    share = done_share(row)
    text = (fmt.right(_epoch(row), text_width) + " ", "text" if row.state.live else "quiet")
    if share is None or not row.state.live:
        return (text,)
    done, track = fmt.bar(share, width - text_width - 1)
    return (text, (done, "accent" if row.state.unreachable_for is None else "quiet"), (track, "quiet"))


def done_share(row: WorkerRow) -> float | None:
    """How much of the run is done, from steps where they are known."""
    if row.step is not None and row.steps:
        return row.step / row.steps
    if row.epoch is not None and row.epochs:
        return row.epoch / row.epochs
    return None


def _metric_cell(name: str) -> Callable[[WorkerRow, int], Line]:
    def cell(row: WorkerRow, width: int) -> Line:
        trend = dict(row.metrics).get(name)
        if trend is None:
            return ()
        return _trend(
            trend, "text" if row.state.live and row.state.unreachable_for is None else "quiet", row.state.live
        )

    return cell


def _trend(trend: Trend, tone: str, live: bool) -> Line:
    return ((fmt.number(trend.value), tone), (f" {arrow(trend.direction) if live else ' '}", "quiet"))


def _criteria(row: WorkerRow) -> Line:
    if not row.criteria:
        return ()
    passed = sum(1 for item in row.criteria if item.passed)
    tone = "good" if passed == len(row.criteria) else "text"
    return ((marks(row.criteria), tone), (f" {passed}/{len(row.criteria)}", tone if passed else "quiet"))


def _rate(row: WorkerRow) -> str:
    if row.samples_per_s is None or not row.state.live:
        return ""
    return fmt.count(row.samples_per_s) if row.samples_per_s >= 100 else fmt.number(row.samples_per_s, 1)


def _data_wait(row: WorkerRow, width: int) -> Line:
    if row.data_wait is None or not row.state.live:
        return ()
    return ((fmt.percent(row.data_wait), "warn" if row.data_wait > 0.3 else "text"),)


def _beat(row: WorkerRow, width: int) -> Line:
    if row.heartbeat_age is None or not row.state.live:
        return ()
    return ((fmt.age(row.heartbeat_age), "warn" if row.heartbeat_age > 15 else "quiet"),)


def _elapsed(row: WorkerRow, width: int) -> Line:
    return () if row.elapsed_s is None else ((fmt.timer(row.elapsed_s), "quiet"),)


def _eta(row: WorkerRow, width: int) -> Line:
    if row.state.unreachable_for is not None:
        return ((f"◐ {fmt.age(row.state.unreachable_for)}", "warn"),)
    if row.state.stalled_for is not None:
        return ((f"‖ {fmt.age(row.state.stalled_for)}", "warn"),)
    if not row.state.live and row.pulled:
        return (("pulled", "good"),)
    if not row.state.live or row.eta_s is None:
        return ()
    return ((fmt.timer(row.eta_s), "text"),)
