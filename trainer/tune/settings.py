"""[tune] of a configuration: what may be changed, how often, and what decides. No torch and no Optuna here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trainer.schema import BadSetting, setting


@dataclass(frozen=True, slots=True)
class Range:
    """[tune.space] of one key: from `low` to `high`, or one of `choices`. Whole where the configuration's value is."""

    low: int | float | None = setting(None, "smallest value")
    high: int | float | None = setting(None, "largest value")
    log: bool = setting(False, "ratios count, not differences: for rates")
    step: int | float | None = setting(None, "only every so far from `low`")
    choices: tuple[Any, ...] = setting((), "in place of a range: any values that the key takes")

    def __post_init__(self) -> None:
        if self.choices:
            if (self.low, self.high, self.step, self.log) != (None, None, None, False):
                raise BadSetting("choices", "stands beside a range", "either choices, or low and high")
            if len(self.choices) < 2 or any(item in self.choices[:at] for at, item in enumerate(self.choices)):
                raise BadSetting("choices", "needs two or more, no two alike", "as in { choices = [16, 32, 64] }")
            return
        if self.low is None or self.high is None:
            what = "low" if self.low is None else "high"
            raise BadSetting(what, "missing", "as in { low = 1e-4, high = 1e-1, log = true }, or { choices = [1, 2] }")
        if not self.low < self.high or not math.isfinite(self.high - self.low):
            raise BadSetting("high", f"{self.high!r} is not above low, {self.low!r}", "low < high")
        if self.log and self.low <= 0:
            raise BadSetting("low", f"{self.low!r} has no logarithm", "above 0, or log = false")
        if self.step is None:
            return
        if self.log:
            raise BadSetting("step", "stands beside log = true", "leave one of them out")
        parts = (self.high - self.low) / self.step if self.step > 0 else 0.5
        if abs(parts - round(parts)) > 1e-9 * max(1.0, parts):
            raise BadSetting(
                "step", f"{self.step!r} does not lead from {self.low!r} to {self.high!r}", "a step that does"
            )


@dataclass(frozen=True, slots=True)
class Tune:
    """[tune]: a study of this configuration."""

    trials: int = setting(20, "runs in all, over all processes and attempts", low=1)
    minutes: float = setting(0.0, "no new trial begins after this long; 0: no limit", low=0.0)
    metric: str = setting("", "what decides; empty: the one that decides which checkpoint is the best")
    direction: Literal["auto", "max", "min"] = setting("auto", "auto: losses and errors small, everything else large")
    sampler: Literal["tpe", "random"] = setting("tpe", "tpe learns from the trials so far")
    pruner: Literal["median", "halving", "none"] = setting(
        "median", "ends a trial early: worse than half of the others, or not among the best third at epochs 1, 3, 9, …"
    )
    startup: int = setting(4, "trials that others are compared with must be this many", low=1)
    warmup: int = setting(1, "epochs that every trial is given", low=1)
    seed: int = setting(0, "decides what is tried", low=0)
    space: Mapping[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.space:
            raise BadSetting("space", "nothing to try", '[tune.space] with "optim.lr" = { low = 1e-4, high = 1e-1 }')
