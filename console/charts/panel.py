"""Which curves stand in one chart: a quantity's training and validation, with its criteria's thresholds. Pure."""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from console.charts.digest import Points
from console.fleet.model import Run
from console.fleet.points import Axis, metric_names, points
from trainer.record.status import Criterion

_PART = re.compile(r"(train|training|val|valid|validation|test|eval)[_/.](?=.)", re.IGNORECASE)
_WORDS = {"train": "train", "training": "train", "test": "test"}  # all others are validations
_RANK = {"train": 0, "val": 1, "test": 2}
_LAST = frozenset({"lr", "grad_norm", "seconds", "samples_per_s", "data_wait", "step_time_s"})  # of the work


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One curve: what caches know it by, its name in the legend, and where its points come from."""

    key: Hashable
    name: str
    points: Callable[[Axis], Points]
    note: str = ""  # behind its name
    place: int = -1  # decides letter, pattern and tone; -1: its place in the chart


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart. `chosen` is the name of the curve in front, where there are many."""

    title: str
    series: tuple[Series, ...]
    thresholds: tuple[tuple[str, float], ...] = ()
    chosen: str | None = None
    metrics: tuple[str, ...] = field(default=(), compare=False)


def quantity(metric: str) -> tuple[str, str]:
    """A metric's quantity and whose it is: val_loss → loss, val; loss → loss, train."""
    found = _PART.match(metric)
    if found is None:
        return metric, "train"
    return metric[found.end() :], _WORDS.get(found[1].lower(), "val")


def quantities(names: Iterable[str], criteria: Sequence[Criterion] = ()) -> dict[str, tuple[str, ...]]:
    """Quantity → its metrics, training first. Losses come first, then what the criteria look at, then the rest."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(quantity(name)[0], []).append(name)
    decisive = [quantity(item.metric)[0] for item in criteria]
    order = sorted(
        found,
        key=lambda name: (
            name != "loss",
            decisive.index(name) if name in decisive else len(decisive),
            name in _LAST,
        ),
    )
    return {name: tuple(sorted(found[name], key=lambda one: _RANK[quantity(one)[1]])) for name in order}


def series_of(run: Run, metric: str, name: str) -> Series:
    return Series((run.key, metric), name, partial(points, run, metric))


def panels(run: Run, criteria: Sequence[Criterion] = (), shown: Callable[[str], bool] = bool) -> list[Panel]:
    """The charts of one run, of those quantities that are to be shown."""
    known = quantities(metric_names(run), criteria)
    found = []
    for name, metrics in known.items():
        if not shown(name):
            continue
        together = len(metrics) > 1
        title = name if together else metrics[0]
        series = tuple(series_of(run, metric, quantity(metric)[1] if together else metric) for metric in metrics)
        found.append(Panel(title, series, thresholds(metrics, criteria), metrics=metrics))
    return found


def thresholds(metrics: Sequence[str], criteria: Sequence[Criterion]) -> tuple[tuple[str, float], ...]:
    return tuple(dict.fromkeys((item.op, item.threshold) for item in criteria if item.metric in metrics))
