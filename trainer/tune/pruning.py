"""Which trials end early: pure functions of what all of them have shown after each epoch."""

import math
import statistics
from collections.abc import Sequence

from trainer.tune.plan import Trial
from trainer.tune.settings import Tune

_KEPT = 3  # halving: of so many, one goes on; and rungs are so many times apart


def verdict(tune: Tune, mode: str, trials: Sequence[Trial], mine: Trial, epoch: int) -> str:
    """Why `mine` should end after this epoch; empty: it goes on. `trials` may hold it too."""
    shown = _best(mine, epoch, mode)
    if tune.pruner == "none" or epoch < tune.warmup or shown is None:
        return ""
    others = [trial for trial in trials if trial.number != mine.number and trial.state != "failed"]
    return (
        _median(tune, mode, others, shown, epoch)
        if tune.pruner == "median"
        else _halving(tune, mode, others, shown, epoch)
    )


def _median(tune: Tune, mode: str, others: Sequence[Trial], shown: float, epoch: int) -> str:
    """Its best so far against what finished trials had after the same epoch."""
    done = [trial for trial in others if trial.state == "complete"]
    values = [trial.seen[epoch] for trial in done if math.isfinite(trial.seen.get(epoch, math.nan))]
    if len(done) < tune.startup or not values:
        return ""
    middle = statistics.median(values)
    worse = shown < middle if mode == "max" else shown > middle
    return f"{shown:.4g} after epoch {epoch} is worse than the median of {len(values)}, {middle:.4g}" if worse else ""


def _halving(tune: Tune, mode: str, others: Sequence[Trial], shown: float, epoch: int) -> str:
    """At epochs warmup, 3 × warmup, 9 × warmup, …: among the best third of all that came so far, or out."""
    rung = tune.warmup
    while rung < epoch:
        rung *= _KEPT
    found = [_best(trial, epoch, mode) for trial in others if any(at >= epoch for at in trial.seen)]
    values = [value for value in found if value is not None]
    if rung != epoch or len(values) < tune.startup:
        return ""
    before = sum(value > shown if mode == "max" else value < shown for value in values)
    places = max(1, (len(values) + 1) // _KEPT)
    return f"{shown:.4g} after epoch {epoch}: {before} of {len(values)} were better" if before >= places else ""


def _best(trial: Trial, epoch: int, mode: str) -> float | None:
    """Of its first epochs; numbers that are none count as the worst."""
    worst = -math.inf if mode == "max" else math.inf
    values = [worst if math.isnan(value) else value for at, value in trial.seen.items() if at <= epoch]
    return (max(values) if mode == "max" else min(values)) if values else None
