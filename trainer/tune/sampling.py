"""What to try next, and what mattered: the one module that knows Optuna. Pure functions of the trials so far."""

import importlib.util
import itertools
import math
import warnings
import zlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from trainer.schema import ConfigError, Problem
from trainer.tune.plan import Plan, Trial
from trainer.tune.settings import Range

_MANY = 10_000  # settings that are counted; more never run out
_EARLY = 5  # trials before the sampler draws conclusions; fewer where there are few trials in all


def require() -> None:
    """ConfigError with the mend where Optuna is missing."""
    if importlib.util.find_spec("optuna") is None:
        mend = "pip install optuna (or trajconsole[tune]) into the Python that trains"
        raise ConfigError([Problem("trainer tune", None, "", "this Python has no optuna", mend)])


def propose(plan: Plan, trials: Sequence[Trial], number: int) -> dict[str, Any] | None:
    """Settings for trial `number`: the configuration's own first; None when everything has been tried."""
    tried = [dict(trial.settings) for trial in trials]
    if not tried and plan.given is not None:
        return dict(plan.given)
    found = _drawn(plan, trials, number)
    if found not in tried:
        return found
    every = settings_of(plan)
    return found if every is None else next((item for item in every if item not in tried), None)


def settings_of(plan: Plan) -> list[dict[str, Any]] | None:
    """All settings that there are; None when they are too many to count."""
    space = plan.tune.space
    values = [_values(wanted, whole=key in plan.whole) for key, wanted in space.items()]
    known = [item for item in values if item is not None]
    if len(known) < len(values) or math.prod(map(len, known)) > _MANY:
        return None
    return [dict(zip(space, item, strict=True)) for item in itertools.product(*known)]


def importances(plan: Plan, trials: Sequence[Trial]) -> dict[str, float]:
    """By key, the share of what the settings explain; empty where there is too little to tell."""
    done = [trial for trial in trials if trial.value is not None and trial.state == "complete"]
    if len(done) < 4 or len({trial.value for trial in done}) < 2:
        return {}
    optuna = _optuna()
    study = _study(optuna, plan, done, optuna.samplers.RandomSampler(seed=0))
    try:
        found = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
        )
    except (RuntimeError, ValueError):  # trials that say nothing of the settings, as when all have the same
        return {}
    return {key: float(share) for key, share in found.items() if math.isfinite(share)}


def _drawn(plan: Plan, trials: Sequence[Trial], number: int) -> dict[str, Any]:
    optuna, tune = _optuna(), plan.tune
    seed = zlib.crc32(f"{tune.seed} {number}".encode())
    early = min(_EARLY, max(1, tune.trials // 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # joint sampling, before version 5
        sampler = (
            optuna.samplers.RandomSampler(seed=seed)
            if tune.sampler == "random"
            else optuna.samplers.TPESampler(seed=seed, n_startup_trials=early, constant_liar=True, multivariate=True)
        )
        inner = (
            _study(optuna, plan, trials, sampler)
            .ask({key: _distribution(optuna, plan, key) for key in tune.space})
            .params
        )
    return {key: _outer(plan, key, value) for key, value in inner.items()}


def _study(optuna: ModuleType, plan: Plan, trials: Sequence[Trial], sampler: Any) -> Any:
    states = optuna.trial.TrialState
    kinds = {"complete": states.COMPLETE, "pruned": states.PRUNED, "failed": states.FAIL, "running": states.RUNNING}
    distributions = {key: _distribution(optuna, plan, key) for key in plan.tune.space}
    direction = "maximize" if plan.mode == "max" else "minimize"
    study = optuna.create_study(direction=direction, sampler=sampler)
    for trial in trials:
        frozen = optuna.trial.create_trial(
            state=kinds[trial.state],
            value=trial.value if trial.state == "complete" else None,
            params={key: _inner(plan, key, value) for key, value in trial.settings.items()},
            distributions=distributions,
            intermediate_values=dict(trial.seen),
        )
        study.add_trial(frozen)
    return study


def _distribution(optuna: ModuleType, plan: Plan, key: str) -> Any:
    wanted, whole = plan.tune.space[key], key in plan.whole
    if wanted.choices:  # their numbers: Optuna takes no lists
        return optuna.distributions.CategoricalDistribution(tuple(range(len(wanted.choices))))
    if whole:
        step = 1 if wanted.step is None else int(wanted.step)
        return optuna.distributions.IntDistribution(int(wanted.low or 0), int(wanted.high or 0), wanted.log, step)
    return optuna.distributions.FloatDistribution(wanted.low, wanted.high, wanted.log, wanted.step)


def _inner(plan: Plan, key: str, value: Any) -> Any:
    choices = plan.tune.space[key].choices
    return choices.index(value) if choices else value


def _outer(plan: Plan, key: str, value: Any) -> Any:
    wanted = plan.tune.space[key]
    if wanted.choices:
        return wanted.choices[value]
    if key in plan.whole:
        return int(value)
    assert wanted.low is not None and wanted.high is not None
    return min(max(float(f"{value:.6g}"), wanted.low), wanted.high)  # as people write it: more digits decide nothing


def _values(wanted: Range, *, whole: bool) -> list[Any] | None:
    if wanted.choices:
        return list(wanted.choices)
    assert wanted.low is not None and wanted.high is not None
    step = wanted.step or (1 if whole else None)
    if step is None:
        return None
    return [wanted.low + step * n for n in range(min(_MANY, round((wanted.high - wanted.low) / step)) + 1)]


def _optuna() -> ModuleType:
    import optuna  # noqa: PLC0415  only for those who tune

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: ModuleType = optuna
    return found
