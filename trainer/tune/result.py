"""What a study came to: tune.json for programs, best.toml for `trainer run`, a table and a picture for people."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainer import config as configuration
from trainer.outcomes.table import Table
from trainer.outcomes.words import figure, names, percent, plural, seconds
from trainer.record import atomic, files
from trainer.record.jsonl import jsonable
from trainer.tune.plan import Plan, Trial
from trainer.tune.sampling import importances
from trainer.tune.study import best_of

DOCUMENT, BEST, PICTURE = "tune.json", "best.toml", "tune.png"


def write(folder: Path, plan: Plan, trials: Sequence[Trial], folders: Mapping[int, Path | str]) -> dict[str, Any]:
    """tune.json and best.toml, of all trials so far. Returns what tune.json holds."""
    best = best_of(trials, plan.mode)
    document = {
        "schema": files.SCHEMA,
        "name": plan.config.run.name,
        "task": plan.config.task,
        "metric": plan.metric,
        "mode": plan.mode,
        "of": plan.tune.trials,
        "best": None if best is None else best.number,
        "importances": importances(plan, trials),
        "trials": [
            {**dataclasses.asdict(trial), "folder": str(folders[trial.number]) if trial.number in folders else ""}
            for trial in trials
        ],
    }
    atomic.replace(folder / DOCUMENT, (json.dumps(jsonable(document), indent=1) + "\n").encode())
    if best is not None:
        atomic.replace(folder / BEST, best_toml(plan, best, len(trials)).encode())
    return document


def best_toml(plan: Plan, best: Trial, count: int) -> str:
    """The complete configuration of the best trial, ready for `trainer run`."""
    config = plan.of(best, plan.config.run.name, {})
    said = f"# {plan.metric} {figure(best.value)} in trial {best.number}, the best of {plural(count, 'trial')}\n"
    changed = "".join(f"# {key} = {value!r}\n" for key, value in best.settings.items())
    return said + changed + "\n" + configuration.to_toml(config)


def table(plan: Plan, trials: Sequence[Trial], shares: Mapping[str, float]) -> Table:
    """Trials down, the best first; what decided and the settings across."""
    sign = -1 if plan.mode == "max" else 1
    best_first = sorted(trials, key=lambda item: _place(item, sign))
    keys = list(plan.tune.space)
    rows = [
        (f"trial {trial.number}", (figure(trial.value), str(trial.epoch or ""), seconds(trial.seconds), _word(trial),
                                   *(shown(trial.settings[key]) for key in keys)))
        for trial in best_first
    ]  # fmt: skip
    notes = ["trial 0 has the settings of the configuration as it is"] if plan.given is not None else []
    failed = [trial for trial in trials if trial.state == "failed"]
    notes += [f"trial {trial.number} failed: {trial.why}" for trial in failed[:3]]
    if shares:
        notes.append("what mattered: " + names([f"{key} {percent(share)}" for key, share in shares.items()]))
    pruned = sum(trial.state == "pruned" for trial in trials)
    what = f"{plural(len(trials), 'trial')}" + (f", {pruned} of them ended early" if pruned else "")
    title = f"{plan.config.run.name}: {plan.metric} of {what}"
    return Table(title, (plan.metric, "epoch", "time", "", *keys), tuple(rows), tuple(notes))


def shown(value: Any) -> str:
    """One setting for people."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _word(trial: Trial) -> str:
    return {"complete": "", "pruned": "ended early"}.get(trial.state, trial.state)


def _place(trial: Trial, sign: int) -> tuple[int, float]:
    order = {"complete": 0, "pruned": 1, "running": 2, "failed": 3}[trial.state]
    return order, sign * trial.value if trial.value is not None else 0.0
