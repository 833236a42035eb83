"""One run's figures, from the documents of its run directory. Whatever is missing there is None here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from trainer.outcomes.interval import LEVEL, Interval, wilson
from trainer.record import RunReader, Status

ACCURACY = "val_accuracy"
_CLOCKS = ("t", "step", "epoch", "seconds")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `metrics` are those of one validation: the one with the best `key`, else the newest."""

    run: str
    worker: str = ""
    host: str = ""
    task: str = ""
    state: str = ""
    reason: str = ""
    seed: int | None = None
    epoch: int | None = None  # of the validation that is told
    epochs: int | None = None
    key: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    smaller: frozenset[str] = frozenset()  # metrics whose small values are the good ones
    samples: int | None = None  # in the validation
    seconds: float | None = None
    samples_per_s: float | None = None
    parameters: int | None = None
    weights: int | None = None  # bytes
    memory: int | None = None  # bytes, the most that training held on its device
    device: str = ""
    notes: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.worker or self.run

    def accuracy(self, level: float = LEVEL) -> Interval | None:
        """The validation's accuracy; None without one, or when nobody knows on how many samples."""
        value = self.metrics.get(ACCURACY)
        if value is None or not self.samples or not 0 <= value <= 1:
            return None
        return wilson(value * self.samples, self.samples, level)


def read(reader: RunReader) -> Outcome:
    """A run directory that lies here."""
    return outcome(
        reader.path.resolve().name,
        config=reader.config(),
        status=reader.status(),
        results=reader.document("results.json"),
        rows=reader.metrics(),
    )


def outcome(
    run: str,
    *,
    config: Mapping[str, Any],
    status: Status | None,
    results: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, Any]],
    host: str = "",
    paces: Sequence[float] | None = None,
) -> Outcome:
    """From what was read of a run directory, wherever it was read. Who has the rows by column gives those of
    validations only, and `paces`: samples a second of all of them."""
    results = results or {}
    smaller = _smaller(status, results)
    key, told = _told(config, rows, smaller)
    own = _table(config.get("run"))
    ended = bool(results)
    return Outcome(
        run=run,
        worker=_text(_table(config.get("origin")).get("worker")) or (status.worker if status else ""),
        host=host,
        task=_text(config.get("task")),
        state=_text(results.get("state")) or (status.state if status else ""),
        reason=_text(results.get("reason")) or (status.reason if status else ""),
        seed=_whole(own.get("seed")),
        epoch=_whole(told.get("epoch")),
        epochs=_whole(own.get("epochs")) or (status.epochs if status else None),
        key=key,
        metrics={name: value for name, value in told.items() if name not in _CLOCKS and _is_number(value)},
        smaller=smaller,
        samples=_whole(_table(results.get("samples")).get("val")) or _whole(_table(config.get("data")).get("val")),
        seconds=_number(results.get("seconds")) if ended else None,
        samples_per_s=_pace(_paces(rows) if paces is None else paces),
        parameters=_whole(results.get("parameters")),
        weights=_whole(results.get("weights_bytes")),
        memory=_whole(results.get("memory_peak")),
        device=f"{status.device.kind} ({status.device.name})" if status and status.device else "",
        notes=status.notes if status else (),
        config=config,
    )


def _smaller(status: Status | None, results: Mapping[str, Any]) -> frozenset[str]:
    """Metrics whose small values are the good ones, as the run itself says."""
    modes = {name: best.mode for name, best in status.best.items()} if status else {}
    modes |= {name: _text(_table(best).get("mode")) for name, best in _table(results.get("best")).items()}
    return frozenset(name for name, mode in modes.items() if mode == "min")


def _told(
    config: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], smaller: frozenset[str]
) -> tuple[str, Mapping[str, Any]]:
    """The metric that decides, and the validation that it chooses."""
    tried = [row for row in rows if row.get("phase") == "val" and row.get("epoch")]
    if not tried:
        return "", {}
    wanted = [_text(_table(config.get("checkpoint")).get("best_metric")), _first_criterion(config), ACCURACY]
    key = next((name for name in wanted if name and _is_number(tried[-1].get(name))), "")
    known = [row for row in tried if _is_number(row.get(key)) and not math.isnan(row[key])]
    if not known:
        return key, tried[-1]
    sign = -1.0 if key in smaller else 1.0
    return key, max(known, key=lambda row: sign * float(row[key]))  # of equals the first


def _first_criterion(config: Mapping[str, Any]) -> str:
    rules = _table(config.get("stop")).get("all")
    return _text(rules[0]).split(" ")[0] if isinstance(rules, list) and rules else ""


def _paces(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    return [float(row["samples_per_s"]) for row in rows if _is_number(row.get("samples_per_s"))]


def _pace(found: Sequence[float]) -> float | None:
    """Samples a second while it trained: the median over its rows, which a pause does not move."""
    return median(found) if found else None


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float | None:
    return float(value) if _is_number(value) else None


def _whole(value: Any) -> int | None:
    return int(value) if _is_number(value) and float(value).is_integer() else None
