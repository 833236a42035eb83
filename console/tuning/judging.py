"""What a trial's run says of it: figures that are new, and what came of it. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from console.fleet.cells import State
from console.fleet.lineage import STOPPED_WITH_STUDY
from console.fleet.model import Fleet, Run
from trainer.record.jsonl import numbers

PRUNED = "pruned: "
DONE = ("finished", "criteria met")
_ENDED_EARLY = ("stopped", "lost the race")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` as a study is told it: complete, pruned, failed; or resume: it was only stopped with the study."""

    state: str
    value: float | None = None
    why: str = ""


def run_of(fleet: Fleet, study: str, number: int) -> Run | None:
    """The newest run of a trial that is there."""
    found = [
        run
        for run in fleet.runs.values()
        if not run.gone and (made := run.lineage) and (made.kind, made.of, made.number) == ("study", study, number)
    ]
    return max(found, key=lambda run: run.key.run, default=None)


def shown(run: Run, metric: str) -> dict[int, float]:
    """The metric after each epoch, as its validations had it."""
    found: dict[int, float] = {}
    for row in run.rows:
        epoch, value = row.get("epoch"), numbers(row.get(metric))
        if row.get("phase") == "val" and isinstance(epoch, int) and epoch > 0 and isinstance(value, int | float):
            found[epoch] = float(value)
    return found


def news(run: Run, metric: str, seen: Mapping[int, float]) -> list[tuple[int, float]]:
    """Figures that the study does not know, oldest first."""
    return [
        (epoch, value)
        for epoch, value in sorted(shown(run, metric).items())
        if epoch not in seen or not (seen[epoch] == value or (math.isnan(seen[epoch]) and math.isnan(value)))
    ]


def verdict(run: Run, state: State, metric: str, mode: str, pruned: str) -> Verdict | None:
    """What came of it, or nothing while it goes on or nobody can say. `pruned`: why we asked it to end."""
    if state.live or state.unreachable_for is not None or state.name == "planned":
        return None
    values = [value for value in shown(run, metric).values() if not math.isnan(value)]
    best = (max(values) if mode == "max" else min(values)) if values else None
    if state.name in DONE:
        if best is None:
            return Verdict("failed", why=f"it finished and never had a {metric} that is a number")
        return Verdict("complete", best)
    if pruned or PRUNED in state.detail:
        return Verdict("pruned", best, pruned or state.detail.partition(PRUNED)[2])
    if STOPPED_WITH_STUDY in state.detail:
        return Verdict("resume")
    if state.name in _ENDED_EARLY:
        return Verdict("pruned", best, state.detail or state.name)
    detail = f": {state.detail}" if state.detail and state.name != "failed" else ""
    return Verdict("failed", why=state.detail if state.name == "failed" and state.detail else f"{state.name}{detail}")
