"""status.json as typed values. Everything but `state` may be missing; keys nobody here knows are kept in `extra`."""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any

from trainer.record.files import SCHEMA

STATES = (
    "starting",
    "preparing",
    "training",
    "validating",
    "stopping",
    "finished",
    "criteria met",
    "lost the race",
    "stopped",
    "failed",
)
ENDED = frozenset({"finished", "criteria met", "lost the race", "stopped", "failed"})


@dataclass(frozen=True, slots=True)
class Progress:
    """Work without steps: data being made, features being computed."""

    what: str = ""
    done: float = 0
    total: float | None = None
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One early-stop criterion at its latest check. `passed` is None until it has been checked once."""

    metric: str = ""
    op: str = ">="
    threshold: float = 0.0
    value: float | None = None
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class Stopping:
    """The stopping rule as a whole: which criteria, when they are checked, what was found."""

    criteria: tuple[Criterion, ...] = ()
    every: int | None = None  # epochs between checks
    checked_epoch: int | None = None
    next_epoch: int | None = None
    patience_metric: str | None = None
    patience: int | None = None
    patience_left: int | None = None


@dataclass(frozen=True, slots=True)
class Best:
    """The best value of a metric so far, and when."""

    value: float = 0.0
    epoch: int | None = None
    step: int | None = None
    mode: str = "max"


@dataclass(frozen=True, slots=True)
class Device:
    """What the run computes on."""

    kind: str = "cpu"
    name: str = ""
    index: int | None = None
    memory_used: int | None = None  # bytes
    memory_total: int | None = None
    utilisation: float | None = None  # of a GPU, 0 to 1, in the last moments


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest checkpoint that is safely on the disk."""

    file: str = ""
    epoch: int | None = None
    step: int | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know: what, the proof, the mend."""

    what: str = ""
    proof: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What a run says of itself. See docs/run-directory.md for each key."""

    state: str = "starting"
    schema: int = SCHEMA
    run: str = ""
    worker: str = ""
    phase: str = ""
    message: str = ""
    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    samples_per_s: float | None = None
    step_time_s: float | None = None  # median of recent steps
    data_wait: float | None = None  # share of time waiting for data, 0 to 1
    eta_s: float | None = None
    started: float | None = None
    heartbeat: float | None = None  # the process is alive
    progress_at: float | None = None  # the training last moved
    pid: int | None = None
    pid_start: int | None = None  # clock ticks since boot (field 22 of /proc/PID/stat)
    host: str = ""
    device: Device | None = None
    progress: Progress | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)  # latest values
    best: Mapping[str, Best] = field(default_factory=dict)
    stopping: Stopping | None = None
    checkpoint: Checkpoint | None = None
    notes: tuple[str, ...] = ()  # what every table must say beside the figures
    findings: tuple[Finding, ...] = ()
    figures: tuple[str, ...] = ()  # paths inside the run directory
    reason: str = ""  # why it ended, in a sentence
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; what is None or empty is left out."""
        out = {key: value for key, value in _plain(self).items() if key != "extra"}
        return {**dict(self.extra), **out}


def from_json(data: Mapping[str, Any]) -> Status:
    """Read leniently: a value of the wrong type counts as missing, an unknown key is kept."""
    known = {item.name for item in fields(Status)} - {"extra"}
    status = _build(Status, {key: data[key] for key in known if key in data})
    assert isinstance(status, Status)
    extra = {key: value for key, value in data.items() if key not in known}
    return _with_extra(status, extra)


def _with_extra(status: Status, extra: dict[str, Any]) -> Status:
    values = {item.name: getattr(status, item.name) for item in fields(Status)}
    return Status(**{**values, "extra": extra})


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        plain = {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
        return {item.name: plain[item.name] for item in fields(value) if not _left_out(item, plain[item.name])}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _left_out(item: Field[Any], value: Any) -> bool:
    """What is unknown or empty goes without saying, unless readers would take something else for granted."""
    return value is None or (value in ({}, [], "") and item.default in ((), "", MISSING))


_HINTS: dict[type, dict[str, Any]] = {}


def _hints(cls: type) -> dict[str, Any]:
    if cls not in _HINTS:
        _HINTS[cls] = typing.get_type_hints(cls)
    return _HINTS[cls]


class _Wrong(ValueError):
    """A value that does not fit its type."""


def _build(cls: type, data: Mapping[str, Any]) -> Any:
    hints = _hints(cls)
    values: dict[str, Any] = {}
    for item in fields(cls):
        if item.name in data and item.name != "extra":
            try:
                values[item.name] = _convert(hints[item.name], data[item.name])
            except _Wrong:
                continue
    return cls(**values)


def _convert(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _convert(next(item for item in arguments if item is not type(None)), value)
    if kind is Any:
        return value
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, Mapping):
            raise _Wrong
        return _build(kind, value)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _Wrong
        return tuple(_convert(arguments[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _Wrong
        return _convert_items(arguments[1], value)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise _Wrong


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number with more than 308 digits
        raise _Wrong from None


def _convert_items(kind: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        try:
            out[str(key)] = _convert(kind, item)
        except _Wrong:
            continue
    return out
