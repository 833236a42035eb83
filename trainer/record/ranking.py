"""Which of several runs are the best by one figure, and what going on with them takes. For trainer and console."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.record.status import Best, Status

DONE = ("finished", "criteria met")


@dataclass(frozen=True, slots=True)
class Entrant:
    """A run that may be chosen: what its folder says of it."""

    name: str
    status: Status | None
    config: Mapping[str, Any] = field(default_factory=dict)  # run.toml


@dataclass(frozen=True, slots=True)
class Promoted:
    """A chosen run: its figure, the changes with which it goes on, and that in words."""

    name: str
    value: float
    overrides: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The best, best first, and why each of the others is not among them."""

    metric: str
    promoted: tuple[Promoted, ...]
    others: tuple[tuple[str, str], ...]


def choose(entrants: Sequence[Entrant], *, best: int, epochs: int, metric: str = "") -> Choice:
    """The `best` runs by `metric`, to go on to `epochs`. ValueError when they name no common metric of their own."""
    metric = metric or _common_metric(entrants)
    faults = {entrant.name: _fault(entrant, metric, epochs) for entrant in entrants}
    able = [(entrant, _best(entrant, metric)) for entrant in entrants if not faults[entrant.name]]
    able.sort(key=lambda pair: pair[1].value if pair[1].mode == "min" else -pair[1].value)  # equals stay as given
    told = [(name, fault) for name, fault in faults.items() if fault]
    for entrant, found in able[best:]:
        last = able[best - 1]
        tie = f"; {last[0].name} has the same and was named before" if last[1].value == found.value else ""
        told.append((entrant.name, f"{metric} {found.value:.4g}: not among the best {best}{tie}"))
    return Choice(metric, tuple(_promoted(*pair, metric, epochs) for pair in able[:best]), tuple(told))


def metric_of(config: Mapping[str, Any]) -> str:
    """The metric by which a run judges its checkpoints, as its run.toml has it; may be empty."""
    stop = _table(config, "stop")
    named = _table(config, "checkpoint").get("best_metric") or stop.get("patience_metric")
    rules = stop.get("all")
    first = re.match(r"\s*([\w./@-]+)", str(rules[0])) if isinstance(rules, list) and rules else None
    return str(named or (first[1] if first else ""))


def _common_metric(entrants: Sequence[Entrant]) -> str:
    found = {entrant.name: metric_of(entrant.config) for entrant in entrants}
    if len(set(found.values())) == 1 and (metric := next(iter(found.values()))):
        return metric
    said = ", ".join(f"{name}: {metric or 'none'}" for name, metric in found.items())
    raise ValueError(f"the runs name no common metric ({said}) — choose one with --by METRIC")


def _fault(entrant: Entrant, metric: str, epochs: int) -> str:
    """Why the run cannot be chosen; nothing when it can."""
    status = entrant.status
    if status is None:
        return "has no status: it was never trained"
    if status.state not in DONE:
        return f"has not finished: {status.state}" + (f" at epoch {status.epoch}" if status.epoch else "")
    found = status.best.get(metric)
    if found is None or math.isnan(found.value):
        known = ", ".join(sorted(status.best)) or "none"
        return f"has no {metric} (known: {known})"
    if (status.epoch or 0) >= epochs:
        return f"has done {status.epoch} epochs already"
    return ""


def _best(entrant: Entrant, metric: str) -> Best:
    assert entrant.status is not None
    return entrant.status.best[metric]


def _promoted(entrant: Entrant, found: Best, metric: str, epochs: int) -> Promoted:
    status, config = entrant.status, entrant.config
    assert status is not None
    overrides, words = [f"run.epochs={epochs}"], [f"{metric} {found.value:.4g}: epoch {status.epoch} → {epochs}"]
    if _table(config, "run").get("steps"):
        overrides.append("run.steps=0")
    if _table(config, "race").get("folder"):
        overrides.append(f"race.folder={json.dumps('')}")
        words.append("no longer in a race")
    if status.state == "criteria met":
        overrides.append("stop.all=[]")
        words.append("its criteria hold and no longer end it")
    if _table(config, "stop").get("patience") and (status.epoch or 0) < (status.epochs or 0):
        overrides.append("stop.patience=0")
        words.append("patience no longer ends it")
    if _table(config, "optim").get("schedule") == "cosine":
        words.append(f"its cosine is that of {epochs} epochs now, so the learning rate rises again first")
    return Promoted(entrant.name, found.value, tuple(overrides), "; ".join(words))


def _table(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, Mapping) else {}
