"""The two tables of an export: a line a run, and a line a figure. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from console.exporting.record import Chosen, Row
from console.history.entry import whole_text

Columns = dict[str, list[Any]]
TEXTS = ("host", "run", "worker", "race", "state", "detail", "config", "note", "tags")
TIMES = ("started", "ended", "seen")
COUNTS = ("epoch", "epochs")
PLAIN = ("host", "run", "worker", "race", "started", "ended", "state", "detail", "epoch", "epochs", "config", "seen")

METRICS = ("run", "worker", "host", "step", "epoch", "phase", "time", "metric", "value")
_NOT_FIGURES = frozenset({"t", "step", "epoch", "phase"})
_WHOLE = 2**63


def of_runs(chosen: Sequence[Chosen]) -> Columns:
    """A column a figure, a text of the origin, …; None where a run does not have it."""
    columns: Columns = {name: [getattr(item.entry, name) for item in chosen] for name in PLAIN}
    columns["note"] = [item.label.note for item in chosen]
    columns["tags"] = [" ".join(item.label.tags) for item in chosen]
    columns |= _spread("", [item.entry.metrics for item in chosen], columns)
    columns |= _spread("best_", [item.entry.best for item in chosen], columns)
    columns |= _spread("origin.", [item.entry.origin for item in chosen], columns)
    return columns


def lines(columns: Columns) -> Iterator[tuple[Any, ...]]:
    """The table line by line."""
    return zip(*columns.values(), strict=True)


def of_rows(rows: Iterable[Row]) -> Iterator[tuple[int | None, int | None, str, float | None, str, float]]:
    """(step, epoch, phase, time, metric, value) of each figure; what is no number is none."""
    for row in rows:
        step, epoch = _whole(row.get("step")), _whole(row.get("epoch"))
        phase, time = row.get("phase"), row.get("t")
        said = whole_text(phase) if isinstance(phase, str) else ""
        when = _number(time)
        for name, value in row.items():
            figure = _number(value) if name not in _NOT_FIGURES else None
            if figure is not None:
                yield step, epoch, said, when, whole_text(name), figure


def _spread(before: str, values: Sequence[Mapping[str, Any]], taken: Columns) -> Columns:
    """A mapping a run → a column a key. A figure that is called like another column gets a name of its own."""
    names = sorted(set[str]().union(*values)) if values else []
    title = {name: before + name if before + name not in taken else f"metric.{name}" for name in names}
    return {title[name]: [item.get(name) for item in values] for name in names}


def _number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(value) if number is not None and -_WHOLE < number < _WHOLE else None
