"""When a run ends before its last epoch: pure values, no torch. Every decision comes with the figures behind it."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainer.config import Stop
from trainer.criteria import Rule, better, mode_of
from trainer.record.status import Criterion, Stopping


@dataclass(frozen=True, slots=True)
class Watch:
    """The stopping rules and what has been seen so far. `observe` returns the next one; nothing is changed in place."""

    stop: Stop
    epochs: int
    values: tuple[float | None, ...] = ()  # of each criterion, at the newest validation
    epoch: int = 0  # of the newest validation
    checked: int | None = None  # epoch of the newest decision
    met: bool = False  # all criteria held at that decision
    best: float = math.nan  # of the patience metric
    best_epoch: int = 0

    def due(self, epoch: int) -> bool:
        """Whether a decision falls on this epoch: every n epochs, and after the last."""
        return bool(self.stop.all) and (epoch % self.stop.every == 0 or epoch >= self.epochs)

    def observe(self, epoch: int, metrics: Mapping[str, float]) -> "Watch":
        """What is known after a validation; decides when a decision is due."""
        values = tuple(metrics.get(rule.metric) for rule in self.stop.rules)
        decide = epoch > 0 and self.due(epoch)
        seen = dataclasses.replace(
            self,
            values=values,
            epoch=epoch,
            checked=epoch if decide else self.checked,
            met=all(_passed(rule, value) for rule, value in zip(self.stop.rules, values, strict=True))
            if decide
            else self.met,
        )
        value = metrics.get(self.stop.patience_metric)
        if value is None or not better(value, self.best, mode_of(self.stop.patience_metric), self.stop.patience_margin):
            return seen
        return dataclasses.replace(seen, best=value, best_epoch=epoch)

    @property
    def patience_left(self) -> int | None:
        if not self.stop.patience:
            return None
        return max(0, self.stop.patience - (self.epoch - self.best_epoch))

    @property
    def exhausted(self) -> str:
        """Why patience ran out, or nothing."""
        if self.patience_left != 0:
            return ""
        metric, n = self.stop.patience_metric, self.stop.patience
        return f"{metric} has not improved on {self.best:.4g} (epoch {self.best_epoch}) for {n} epochs"

    def status(self) -> Stopping | None:
        """For status.json; None when the run has no stopping rule."""
        if not self.stop.all and not self.stop.patience:
            return None
        values = self.values or (None,) * len(self.stop.all)
        return Stopping(
            criteria=tuple(
                Criterion(rule.metric, rule.op, rule.threshold, value, None if value is None else rule.passes(value))
                for rule, value in zip(self.stop.rules, values, strict=True)
            ),
            every=self.stop.every if self.stop.all else None,
            checked_epoch=self.checked,
            next_epoch=self._next_check(),
            patience_metric=self.stop.patience_metric or None,
            patience=self.stop.patience or None,
            patience_left=self.patience_left,
        )

    def verdicts(self) -> str:
        """The newest check in one line for the log."""
        parts = [_verdict(rule, value) for rule, value in zip(self.stop.rules, self.values, strict=True)]
        return f"check at epoch {self.checked}: {' · '.join(parts)}"

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        keys = ("values", "epoch", "checked", "met", "best", "best_epoch")
        return {key: getattr(self, key) for key in keys}

    def restored(self, saved: Mapping[str, Any]) -> "Watch":
        """This watch as it was when `saved` was made; criteria that were changed since are judged anew."""
        rules, values = self.stop.rules, tuple(saved["values"])
        if len(values) != len(rules):
            values = (None,) * len(rules) if values else ()
        met = bool(saved["met"] and values) and all(_passed(*pair) for pair in zip(rules, values, strict=True))
        return dataclasses.replace(self, **{**saved, "values": values, "met": met})

    def _next_check(self) -> int | None:
        if not self.stop.all or self.epoch >= self.epochs:
            return None
        return min((self.epoch // self.stop.every + 1) * self.stop.every, self.epochs)


def _verdict(rule: Rule, value: float | None) -> str:
    if value is None:
        return f"{rule} NOT MET: no such figure yet"
    shown = f"{value:.4g}"
    if float(shown) == rule.threshold:  # rounding must not make a verdict look wrong
        shown = repr(value)
    return f"{rule.metric} {shown} {rule.op} {rule.threshold:g} {'passed' if rule.passes(value) else 'NOT MET'}"


def _passed(rule: Rule, value: float | None) -> bool:
    return value is not None and rule.passes(value)
