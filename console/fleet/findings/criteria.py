"""Why a run has not stopped yet: its criteria in words. Pure."""

import math
from collections.abc import Iterator

from console.fleet.cells import Advice
from trainer.record.status import Criterion, Status


def criteria_findings(status: Status) -> Iterator[Advice]:
    """Which criteria fail, and when they are looked at next."""
    stopping = status.stopping
    if stopping is None or not stopping.criteria:
        return
    when = "" if stopping.next_epoch is None else f"next check at epoch {stopping.next_epoch}"
    open_ = [item for item in stopping.criteria if not item.passed]
    if all(item.value is None for item in stopping.criteria):
        yield Advice("the criteria are not known yet", ", ".join(map(wanted, stopping.criteria)), when, "note")
    elif open_:
        count = f"{len(open_)} of {len(stopping.criteria)} criteria not met"
        yield Advice(f"why it has not stopped: {count}", " · ".join(map(verdict, open_)), when, "note")
    else:
        held = "why it has not stopped: all criteria hold, and that counts only at a check"
        yield Advice(held, " · ".join(map(verdict, stopping.criteria)), when, "note")


def verdict(item: Criterion) -> str:
    """ "attention_ratio 1.32 of 1.50"."""
    value = "not yet known" if item.value is None else f"{_figure(item.value)}"
    return (
        f"{item.metric} {value} of {_figure(item.threshold)}"
        if item.op == ">="
        else f"{item.metric} {value}, wanted {item.op} {_figure(item.threshold)}"
    )


def wanted(item: Criterion) -> str:
    return f"{item.metric} {item.op} {_figure(item.threshold)}"


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
