"""What the workers table is sorted by, column by column; None: a row without it. Pure."""

from collections.abc import Callable, Mapping

from console.fleet.cells import STATES, WorkerRow
from console.fleet.model import RunKey

Gpus = Mapping[RunKey, tuple[int, ...]]  # run → the GPUs that its processes are on


def state(row: WorkerRow) -> float:
    """In the order of a worker's life."""
    return STATES.index(row.state.name) if row.state.name in STATES else len(STATES)


def progress(row: WorkerRow) -> float | None:
    return row.epoch if row.epoch is not None else row.step


def criteria(row: WorkerRow) -> float | None:
    return sum(item.passed is True for item in row.criteria) / len(row.criteria) if row.criteria else None


def saved(row: WorkerRow) -> float | None:
    return row.checkpoint.time if row.checkpoint is not None else None


def metric(name: str) -> Callable[[WorkerRow], float | None]:
    return lambda row: next((trend.value for metric, trend in row.metrics if metric == name), None)


def best(name: str) -> Callable[[WorkerRow], float | None]:
    return lambda row: next((trend.best for metric, trend in row.metrics if metric == name), None)


def live(get: Callable[[WorkerRow], float | None]) -> Callable[[WorkerRow], float | None]:
    """What is shown only while it runs is sorted by only then."""
    return lambda row: get(row) if row.state.live else None


def first_gpu(row: WorkerRow, held: Gpus) -> float | None:
    found = held_by(row, held)
    return found[0] if found else None


def held_by(row: WorkerRow, held: Gpus) -> tuple[int, ...]:
    """The GPUs that the worker's processes are on."""
    return held.get(row.key, ()) if row.key is not None and row.state.live else ()
