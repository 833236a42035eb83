"""Criteria as people write them: "val_accuracy >= 0.75"; and which way a metric gets better."""

import math
import operator
import re
from dataclasses import dataclass

_OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_PATTERN = re.compile(r"\s*([A-Za-z_][\w./@-]*)\s*(>=|<=|>|<)\s*([-+]?[\w.+-]+)\s*\Z")
_SMALLER_IS_BETTER = re.compile(r"(loss|error|mse|mae|rmse|nrmse|perplexity)\Z")


@dataclass(frozen=True, slots=True)
class Rule:
    """One criterion: passes when `metric op threshold`. NaN never passes."""

    metric: str
    op: str
    threshold: float

    def passes(self, value: float) -> bool:
        return bool(_OPERATORS[self.op](value, self.threshold))

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {self.threshold:g}"


def parse(text: str) -> Rule:
    """A rule from its text, or ValueError that shows what a rule looks like."""
    found = _PATTERN.match(text)
    if found is None:
        raise ValueError(f"{text!r} is not a criterion; write it as 'val_accuracy >= 0.75' (>=, <=, >, <)")
    metric, op, number = found.groups()
    try:
        threshold = float(number)
    except ValueError:
        raise ValueError(f"{text!r}: {number!r} is not a number") from None
    if not math.isfinite(threshold):
        raise ValueError(f"{text!r}: the threshold must be finite")
    return Rule(metric, op, threshold)


def mode_of(metric: str) -> str:
    """ "min" for losses and errors, "max" for everything else."""
    return "min" if _SMALLER_IS_BETTER.search(metric.lower()) else "max"


def better(value: float, than: float, mode: str, margin: float = 0.0) -> bool:
    """Whether `value` improves on `than` by more than `margin`. Any number improves on NaN; NaN improves on nothing."""
    if math.isnan(value):
        return False
    if math.isnan(than):
        return True
    return value > than + margin if mode == "max" else value < than - margin
