"""The end of a study, or of one attempt at it: what it came to is written, drawn and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.outcomes.table import Table
from trainer.outcomes.words import figure, plural
from trainer.tune import result
from trainer.tune.plan import Plan, Trial
from trainer.tune.study import TOLD, Study, best_of
from trainer.tune.telling import Teller


@dataclass(frozen=True, slots=True)
class Closed:
    """`state` and `reason` as status.json has them; `best` is the file to train with."""

    document: dict[str, Any]
    table: Table | None
    state: str
    reason: str
    best: Path | None


def close(study: Study, folders: Mapping[int, Path | str], teller: Teller, *, stopped: bool, late: bool) -> Closed:
    """Table, files, picture, last words."""
    plan, trials = study.plan, study.trials()
    document = result.write(study.folder, plan, trials, folders)
    shares, best, pictures = dict(document["importances"]), best_of(trials, plan.mode), []
    if best is not None:
        from trainer.tune.picture import draw  # noqa: PLC0415 - only where there is something to draw

        draw(plan, trials, shares, study.folder / result.PICTURE)
        pictures = [result.PICTURE]
    state, reason = ending(plan, trials, stopped=stopped, late=late)
    teller.tell(trials)
    teller.end(state, reason, pictures)
    table = result.table(plan, trials, shares) if trials else None
    return Closed(document, table, state, reason, study.folder / result.BEST if best is not None else None)


def ending(plan: Plan, trials: Sequence[Trial], *, stopped: bool, late: bool) -> tuple[str, str]:
    """State and reason of the study's end."""
    best, told = best_of(trials, plan.mode), sum(trial.state in TOLD for trial in trials)
    words = f"; the best is trial {best.number}, {plan.metric} {figure(best.value)}" if best is not None else ""
    if best is None and told:
        why = next((trial.why for trial in trials if trial.state == "failed"), "all were ended early")
        return "failed", f"no trial came to its end: {why}"
    if stopped:
        return "stopped", f"{told} of {plan.tune.trials} trials are done; the same command goes on{words}"
    if told < plan.tune.trials and late:
        return "finished", f"{plan.tune.minutes:g} minutes are over, {plural(told, 'trial')} done{words}"
    if told < plan.tune.trials:
        return "finished", f"everything that there is was tried: {plural(told, 'trial')}{words}"
    return "finished", f"all {told} trials are done{words}"
