"""The columns of the workers table: which there are, which are shown, how wide they are. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from console import format as fmt
from console.fleet.cells import WorkerRow
from console.fleet.view import lower_is_better
from console.plain import plain
from console.widgets import worker_cells as cells
from console.widgets import worker_orders as orders
from console.widgets.columns import Column
from console.widgets.worker_orders import Gpus

SHORT = {"val_accuracy": "val_acc", "attention_ratio": "ratio", "consistency": "consist", "train_accuracy": "acc"}
NAME, STATE = "worker", "state"  # always there
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
    epoch_width = max([5, *(cells.epoch_width(row) for row in rows)])
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
        Column(STATE, state_width, 0, cells.state, name=STATE, key=orders.state),
        Column(
            "epoch",
            epoch_width + 1 + _BAR,
            0,
            lambda row, width: cells.progress(row, epoch_width, width),
            grow=40,
            name="epoch",
            key=orders.progress,
            downward=True,
        ),
        Column("step", step_width, 0, cells.step, True, name="step", key=lambda row: row.step, downward=True),
    ]
    metrics: list[Column[WorkerRow]] = []
    for name in all_metrics(rows):
        lower = lower_is_better(name)
        value, best = orders.metric(name), orders.best(name)
        metrics += [
            Column(_title(name), 9, 0, cells.metric_cell(name), True, name=name, key=value, downward=not lower),
            Column(
                f"best {short_name(name)}",
                13,
                0,
                cells.best_cell(name),
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
            lambda row, width: cells.criteria(row),
            name="criteria",
            key=orders.criteria,
            downward=True,
        ),
        Column("patience", 8, 0, cells.patience, True, name="patience", key=lambda row: row.patience_left),
        Column(
            "samples/s",
            9,
            0,
            cells.rate,
            True,
            name="samples/s",
            key=orders.live(lambda row: row.samples_per_s),
            downward=True,
        ),
        Column(
            "step time",
            9,
            0,
            cells.step_time,
            True,
            name="step time",
            key=orders.live(lambda row: row.step_time_s),
            downward=True,
        ),
        Column(
            "data wait",
            9,
            0,
            cells.data_wait,
            True,
            name="data wait",
            key=orders.live(lambda row: row.data_wait),
            downward=True,
        ),
        Column(
            "beat", 4, 0, cells.beat, True, name="beat", key=orders.live(lambda row: row.heartbeat_age), downward=True
        ),
        Column("running", 8, 0, cells.elapsed, True, name="running", key=lambda row: row.elapsed_s, downward=True),
        Column(
            "gpu",
            7,
            0,
            lambda row, width: cells.gpus(row, held),
            name="gpu",
            key=lambda row: orders.first_gpu(row, held),
        ),
        Column("race", 16, 0, cells.race, name="race", key=lambda row: row.race or None),
        Column("saved", 9, 0, cells.saved, name="saved", key=orders.saved, downward=True),
        Column("eta", 7, 0, cells.eta, True, name="eta", key=orders.live(lambda row: row.eta_s)),
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
