"""What the workers table shows of a row: its columns and, where figures would say nothing, a sentence. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from console import format as fmt
from console.fleet.cells import STATES, Trend, WorkerRow
from console.fleet.model import RunKey
from console.fleet.view import lower_is_better
from console.glyphs import arrow, forgotten, glyph, marks
from console.plain import plain
from console.widgets.columns import Column
from console.widgets.lines import Line

SHORT = {"val_accuracy": "val_acc", "attention_ratio": "ratio", "consistency": "consist", "train_accuracy": "acc"}
BROKEN = frozenset({"failed", "killed", "out of memory", "vanished"})
NAME, STATE = "worker", "state"  # always there
Gpus = Mapping[RunKey, tuple[int, ...]]  # run → the GPUs that its processes are on
TELL = {
    NAME: "its name",
    STATE: "what it does",
    "host": "where it is",
    "epoch": "epoch of how many, with a bar",
    "step": "step of how many",
    "criteria": "criteria passed, of how many",
    "patience": "checks without a better value that are left until it ends",
    "samples/s": "how fast it learns",
    "step time": "milliseconds for a step",
    "data wait": "share of the time in which it waits for data",
    "beat": "age of its last sign of life",
    "running": "how long it has been running",
    "gpu": "GPUs that its processes are on",
    "race": "the race that it takes part in",
    "saved": "its newest checkpoint",
    "eta": "time to go",
}
_RANKS = {NAME: 0, STATE: 0, "epoch": 1, "criteria": 2, "eta": 3, "host": 6, "beat": 10, "samples/s": 11}
_RANKS |= {"data wait": 18, "running": 19}
_BAR = 4
_MOST_METRICS = 12


def short_name(metric: str) -> str:
    """A metric's name in at most eight cells."""
    metric = plain(metric)
    *first, last = metric.split("_")
    if len(metric) <= 8 or metric in SHORT or not first:
        return SHORT.get(metric) or fmt.fit(metric, min(8, fmt.cell_len(metric)))
    initials = "".join(part[:1] for part in first)[:3]
    return fmt.fit(f"{initials}_{last}"[:8], 8).rstrip()


def metric_names(rows: Sequence[WorkerRow]) -> list[str]:
    """Metrics worth a column, most wanted first: those of the criteria, the loss, then the others as they come."""
    wanted = [item.metric for row in rows for item in row.criteria]
    counts: dict[str, int] = {}
    for row in rows:
        for name, _ in row.metrics:
            counts[name] = counts.get(name, 0) + 1
    losses = [name for name in ("loss", "val_loss") if name in counts][:1]
    rest = list(counts)
    if len(rest) > _MOST_METRICS:
        often = set(sorted(counts, key=lambda name: -counts[name])[:_MOST_METRICS])
        rest = [name for name in rest if name in often]
    return list(dict.fromkeys([*wanted, *losses, *rest]))[:_MOST_METRICS]


def _title(metric: str) -> str:
    """Above the figures: their last two cells are the trend's."""
    short = short_name(metric)
    return short + " " * (2 if fmt.cell_len(short) <= 7 else 1)


def worker_columns(
    rows: Sequence[WorkerRow],
    *,
    many_hosts: bool = True,
    chosen: Sequence[str] = (),
    gpus: Gpus | None = None,
) -> list[Column[WorkerRow]]:
    """The columns in the order of the screen, those that were chosen or all that matter by themselves.

    `columns.choose` drops what does not fit. No width depends on a figure that moves.
    """
    known = catalogue(rows, gpus=gpus)
    if chosen:
        wanted = [name for name in chosen if name in known and name not in (NAME, STATE)]
        names = [NAME, *((STATE,) if STATE not in chosen else ()), *(item for item in chosen if item in known)]
        ranks = {NAME: 0, STATE: 0, **{name: place + 1 for place, name in enumerate(wanted)}}
        return [replace(known[name], rank=ranks[name]) for name in dict.fromkeys(names)]
    metrics = metric_names(rows)
    first = len({item.metric for row in rows for item in row.criteria}) + 1  # the criteria's, and a loss
    ranks = {**_RANKS, **{name: place + (5 if place < first else 20) for place, name in enumerate(metrics)}}
    if not many_hosts:
        ranks["host"] = 40
    ordered = sorted(metrics, key=lambda name: (name not in ("loss", "val_loss"), metrics.index(name)))
    names = [NAME, "host", STATE, "epoch", *ordered, "criteria", "samples/s", "data wait", "beat", "running", "eta"]
    return [replace(known[name], rank=ranks[name]) for name in names]


def catalogue(rows: Sequence[WorkerRow], *, gpus: Gpus | None = None) -> dict[str, Column[WorkerRow]]:
    """Every column that there is, by name."""
    held = gpus or {}
    name_width = min(20, max([8, *(fmt.cell_len(plain(row.worker)) for row in rows)]))
    host_width = min(14, max([4, *(fmt.cell_len(plain(row.host)) for row in rows)]))
    epoch_width = max([5, *(_epoch_width(row) for row in rows)])
    step_width = max([5, *(2 * len(fmt.count(row.steps)) + 1 for row in rows if row.steps)])
    state_width = max([10, *(len(row.state.name) for row in rows)])
    criteria_width = max([8, *(2 * len(row.criteria) + 2 for row in rows)])
    fixed = [
        Column(
            "WORKERS",
            name_width,
            0,
            lambda row, width: ((fmt.fit(plain(row.worker), width), "strong"),),
            name=NAME,
            key=lambda row: row.worker,
        ),
        Column(
            "host",
            host_width,
            0,
            lambda row, width: ((fmt.fit(plain(row.host), width), "quiet"),),
            name="host",
            key=lambda row: row.host,
        ),
        Column(STATE, state_width, 0, _state, name=STATE, key=_state_key),
        Column(
            "epoch",
            epoch_width + 1 + _BAR,
            0,
            lambda row, width: _progress(row, epoch_width, width),
            grow=40,
            name="epoch",
            key=_progress_key,
            downward=True,
        ),
        Column("step", step_width, 0, _step, True, name="step", key=lambda row: row.step, downward=True),
    ]
    metrics: list[Column[WorkerRow]] = []
    for name in all_metrics(rows):
        lower = lower_is_better(name)
        value, best = _metric_key(name), _best_key(name)
        metrics += [
            Column(_title(name), 9, 0, _metric_cell(name), True, name=name, key=value, downward=not lower),
            Column(
                f"best {short_name(name)}",
                13,
                0,
                _best_cell(name),
                True,
                name=f"best {name}",
                key=best,
                downward=not lower,
            ),
        ]
    later = [
        Column(
            "criteria",
            criteria_width,
            0,
            lambda row, width: _criteria(row),
            name="criteria",
            key=_criteria_key,
            downward=True,
        ),
        Column("patience", 8, 0, _patience, True, name="patience", key=lambda row: row.patience_left),
        Column(
            "samples/s", 9, 0, _rate, True, name="samples/s", key=_live(lambda row: row.samples_per_s), downward=True
        ),
        Column(
            "step time", 9, 0, _step_time, True, name="step time", key=_live(lambda row: row.step_time_s), downward=True
        ),
        Column(
            "data wait", 9, 0, _data_wait, True, name="data wait", key=_live(lambda row: row.data_wait), downward=True
        ),
        Column("beat", 4, 0, _beat, True, name="beat", key=_live(lambda row: row.heartbeat_age), downward=True),
        Column("running", 8, 0, _elapsed, True, name="running", key=lambda row: row.elapsed_s, downward=True),
        Column("gpu", 7, 0, lambda row, width: _gpus(row, held), name="gpu", key=lambda row: _first_gpu(row, held)),
        Column("race", 16, 0, _race, name="race", key=lambda row: row.race or None),
        Column("saved", 9, 0, _saved, name="saved", key=_saved_key, downward=True),
        Column("eta", 7, 0, _eta, True, name="eta", key=_live(lambda row: row.eta_s)),
    ]
    return {column.name: column for column in (*fixed, *metrics, *later)}


def all_metrics(rows: Sequence[WorkerRow]) -> list[str]:
    """Every metric that any worker has, those worth a column first."""
    return list(dict.fromkeys([*metric_names(rows), *(name for row in rows for name, _ in row.metrics)]))


def told(name: str) -> str:
    """What a column shows, for who chooses columns."""
    if name in TELL:
        return TELL[name]
    return (
        f"the best value of {name[5:]} so far, and its epoch" if name.startswith("best ") else "now, and where it goes"
    )


def message(row: WorkerRow, *, selected: bool = False) -> Line:
    """The sentence that stands in the place of the figures, or nothing."""
    state = row.state
    quiet = "quiet" if state.unreachable_for is not None else "text"
    if state.name == "planned":
        since = f"planned {fmt.span(state.age)} ago, never started" if state.age is not None else "never started"
        tone = "warn" if forgotten(state) else "quiet"
        return ((since, tone), ("    s: start" if selected else "", "accent"))
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


def _epoch_width(row: WorkerRow) -> int:
    """Room for every epoch that there will be."""
    return 2 * len(str(row.epochs)) + 1 if row.epochs else len(_epoch(row))


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
    return ((fmt.decimal(trend.value), tone), (f" {arrow(trend.direction) if live else ' '}", "quiet"))


def _criteria(row: WorkerRow) -> Line:
    if not row.criteria:
        return ()
    passed = sum(1 for item in row.criteria if item.passed)
    tone = "good" if passed == len(row.criteria) else "text"
    return ((marks(row.criteria), tone), (f" {passed}/{len(row.criteria)}", tone if passed else "quiet"))


def _rate(row: WorkerRow, width: int) -> Line:
    if row.samples_per_s is None or not row.state.live:
        return ()
    return ((f"{fmt.count(row.samples_per_s)}  " if row.samples_per_s >= 100 else f"{row.samples_per_s:.1f}", "text"),)


def _step_time(row: WorkerRow, width: int) -> Line:
    return () if row.step_time_s is None or not row.state.live else ((f"{row.step_time_s * 1000:,.0f} ms", "text"),)


def _step(row: WorkerRow, width: int) -> Line:
    if row.step is None:
        return ()
    return ((f"{fmt.count(row.step)}/{fmt.count(row.steps)}" if row.steps else fmt.count(row.step), "text"),)


def _patience(row: WorkerRow, width: int) -> Line:
    if row.patience_left is None or not row.state.live:
        return ()
    of = f"/{row.patience}" if row.patience is not None else ""
    return ((f"{row.patience_left}{of}", "warn" if row.patience_left <= 1 else "text"),)


def _gpus(row: WorkerRow, held: Gpus) -> Line:
    found = held.get(row.key, ()) if row.key is not None and row.state.live else ()
    return ((",".join(map(str, found)), "text"),) if found else ()


def _first_gpu(row: WorkerRow, held: Gpus) -> float | None:
    found = held.get(row.key, ()) if row.key is not None and row.state.live else ()
    return found[0] if found else None


def _race(row: WorkerRow, width: int) -> Line:
    return ((fmt.fit(plain(row.race), width), "quiet"),) if row.race else ()


def _saved(row: WorkerRow, width: int) -> Line:
    saved = row.checkpoint
    if saved is None:
        return ()
    return ((f"epoch {saved.epoch}" if saved.epoch is not None else fmt.count(saved.step), "quiet"),)


def _saved_key(row: WorkerRow) -> float | None:
    return row.checkpoint.time if row.checkpoint is not None else None


def _state_key(row: WorkerRow) -> float:
    """In the order of a worker's life."""
    return STATES.index(row.state.name) if row.state.name in STATES else len(STATES)


def _progress_key(row: WorkerRow) -> float | None:
    return row.epoch if row.epoch is not None else row.step


def _criteria_key(row: WorkerRow) -> float | None:
    return sum(item.passed is True for item in row.criteria) / len(row.criteria) if row.criteria else None


def _live(get: Callable[[WorkerRow], float | None]) -> Callable[[WorkerRow], float | None]:
    """What is shown only while it runs is sorted by only then."""
    return lambda row: get(row) if row.state.live else None


def _metric_key(name: str) -> Callable[[WorkerRow], float | None]:
    return lambda row: next((trend.value for metric, trend in row.metrics if metric == name), None)


def _best_key(name: str) -> Callable[[WorkerRow], float | None]:
    return lambda row: next((trend.best for metric, trend in row.metrics if metric == name), None)


def _best_cell(name: str) -> Callable[[WorkerRow, int], Line]:
    def cell(row: WorkerRow, width: int) -> Line:
        trend = next((trend for metric, trend in row.metrics if metric == name), None)
        if trend is None or trend.best is None:
            return ()
        at = f" @{trend.best_epoch}" if trend.best_epoch is not None else ""
        return ((fmt.decimal(trend.best), "text"), (f"{at:<5}", "quiet"))

    return cell


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
