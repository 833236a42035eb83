"""Several runs that answer together, beside the best of them, with what is gained and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.compare.blend import Blend, blends, temperature
from trainer.compare.gather import Wanted, predicted
from trainer.compare.measures import Worth, worth
from trainer.compare.paired import ACCURACY, Gap, gaps
from trainer.compare.stored import Predicted
from trainer.outcomes import words
from trainer.outcomes.outcome import Outcome, read
from trainer.outcomes.standing import heads
from trainer.outcomes.table import Table
from trainer.record import RunReader
from trainer.schema import ConfigError, Problem
from trainer.tasks import Predictions, Report

FIT = "val"


@dataclass(frozen=True)
class Member:
    """One run, alone."""

    name: str
    outcome: Outcome
    fit: Predicted
    use: Predicted
    worth: Worth
    temperature: float
    calibrated: Worth  # with its logits divided by the temperature


@dataclass(frozen=True)
class Together:
    """One way of answering together, and what it gains over the best member."""

    blend: Blend
    worth: Worth
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Ensemble:
    split: str
    members: tuple[Member, ...]
    best: int  # the member with the best accuracy on the validation samples, of equals the one with the least log loss
    together: tuple[Together, ...]


def ensemble(folders: Sequence[Path], wanted: Wanted, report: Report) -> Ensemble:
    """Fitted on the validation samples, told on the wanted split. ConfigError when the runs do not fit together."""
    if len(folders) < 2:
        raise ConfigError([Problem("ensemble", None, "", "one run is no ensemble", "name two runs or more")])
    if wanted.split == FIT:
        raise ConfigError([Problem("--split", None, "", "val is what the ensemble is fitted on", "test or train")])
    outcomes = [read(RunReader(folder)) for folder in folders]
    fit = [predicted(folder, replace(wanted, split=FIT), report) for folder in folders]
    use = [predicted(folder, wanted, report) for folder in folders]
    _require_same(heads(outcomes), [*zip(fit, use, strict=True)])
    members = tuple(map(_member, heads(outcomes), outcomes, fit, use))
    best = max(range(len(fit)), key=lambda at: _standing(fit[at].predictions))
    said = blends([item.predictions for item in fit], [item.predictions for item in use])
    return Ensemble(wanted.split, members, best, _together(said, use[best].predictions))


def _together(said: Sequence[Blend], best: Predictions) -> tuple[Together, ...]:
    """All ways against the best member, corrected together for there being several."""
    answers = [_answers(blend, best) for blend in said]
    pairs = [(at, len(answers)) for at in range(len(answers))]
    found = gaps([*answers, best], pairs=pairs)
    return tuple(
        Together(blend, worth(answer), tuple(item for item in found if item.first == at))
        for at, (blend, answer) in enumerate(zip(said, answers, strict=True))
    )


def table(found: Ensemble) -> Table:
    """Members, then ensembles, one below the other."""
    recipe = next(item.blend.recipe for item in found.together if item.blend.name == "weighted vote")
    rows: list[tuple[str, tuple[str, ...]]] = []
    for at, item in enumerate(found.members):
        place = recipe["position_weights"]
        weights = [f"{recipe['weights'][at]:.2f}", f"{place[at]:.2f}" if place else ""]
        calibrated = words.percent(item.calibrated.calibration)
        rows.append((item.name, (*_cells(item.worth), calibrated, f"{item.temperature:.2f}", *weights)))
    rows += [(f"· {item.blend.name}", (*_cells(item.worth), "", "", "", "")) for item in found.together]
    heads = ("accuracy", "95 % interval", "log loss", "position MSE", "calibration", "if calibrated", "temperature")
    count = words.plural(len(found.members[0].use.predictions.labels), "sample")
    title = (
        f"{found.members[0].outcome.task}: {words.plural(len(found.members), 'run')} together, {count} of {found.split}"
    )
    return Table(title, (*heads, "weight", "for positions"), tuple(rows))


def sentences(found: Ensemble) -> list[str]:
    """What is gained, and whether that is more than noise."""
    best = found.members[found.best].name
    fitted = words.plural(len(found.members[0].fit.predictions.labels), "validation sample")
    told = [f"the best member is {best}, chosen on {fitted}; temperatures, weights and the stacking are fitted there"]
    told.append(f"against {best}:")
    for item in found.together:
        for gap in item.gaps:
            verdict = "larger than noise" if gap.larger_than_noise else "within noise"
            told.append(f"{item.blend.name}, {gap.measure}: {_change(gap)}, p = {gap.p:.2g}: {verdict}")
    return told


def document(found: Ensemble) -> dict[str, Any]:
    """For programs, and the recipe to do it again."""
    return {
        "schema": 1,
        "split": found.split,
        "fitted_on": FIT,
        "members": [
            {
                "name": item.name,
                "run": item.outcome.run,
                "checkpoint": item.use.checkpoint,
                "sha256": item.use.sha256,
                "temperature": item.temperature,
                "calibration_error": item.worth.calibration,
                "calibration_error_calibrated": item.calibrated.calibration,
                **_figures(item.worth),
            }
            for item in found.members
        ],
        "best_member": found.members[found.best].name,
        "ensembles": [
            {
                "name": item.blend.name,
                **_figures(item.worth),
                "calibration_error": item.worth.calibration,
                "changes": {
                    gap.measure: {
                        "value": gap.gap.value,
                        "low": gap.gap.low,
                        "high": gap.gap.high,
                        "p": gap.p,
                        "larger_than_noise": gap.larger_than_noise,
                    }
                    for gap in item.gaps
                },
                "recipe": item.blend.recipe,
            }
            for item in found.together
        ],
        "sentences": sentences(found),
    }


def _member(name: str, outcome: Outcome, fit: Predicted, use: Predicted) -> Member:
    import torch  # noqa: PLC0415

    heat = temperature(fit.predictions.logits, torch.from_numpy(fit.predictions.labels.astype(np.int64)))
    cooled = replace(use.predictions, logits=(use.predictions.logits / heat).astype(np.float32))
    return Member(name, outcome, fit, use, worth(use.predictions), heat, worth(cooled))


def _require_same(names: Sequence[str], pairs: Sequence[tuple[Predicted, Predicted]]) -> None:
    """Only runs on the same samples can answer together."""
    first = [item.predictions for item in pairs[0]]
    problems = []
    for name, pair in zip(names, pairs, strict=True):
        mine = [item.predictions for item in pair]
        same = all(
            (a.samples, a.classes) == (b.samples, b.classes) and a.samples for a, b in zip(mine, first, strict=True)
        )
        if not same:
            problems.append(Problem(name, None, "", f"has other samples or classes than {names[0]}", "leave it out"))
    if problems:
        raise ConfigError(problems)


def _standing(found: Predictions) -> tuple[float, float]:
    alone = worth(found)
    return alone.accuracy.value, -alone.log_loss


def _answers(blend: Blend, truth: Predictions) -> Predictions:
    positions = None
    if blend.positions is not None and truth.targets is not None:
        positions = blend.positions.reshape(truth.targets.shape).astype(np.float32)
    targets = truth.targets if positions is not None else None
    return Predictions(truth.classes, truth.labels, blend.logits.astype(np.float32), targets, positions, truth.samples)


def _cells(found: Worth) -> tuple[str, ...]:
    share = found.accuracy
    error = words.figure(found.error.value if found.error else None)
    ends = words.percent_range(share.low, share.high)
    return words.percent(share.value), ends, words.figure(found.log_loss), error, words.percent(found.calibration)


def _change(gap: Gap) -> str:
    """The ensemble's figure minus the best member's, with its interval."""
    value, low, high = (end + 0.0 for end in (gap.gap.value, gap.gap.low, gap.gap.high))  # no -0
    if gap.measure == ACCURACY:
        return f"{value * 100:+.1f} points ({low * 100:+.1f} to {high * 100:+.1f})"
    return f"{value:+.1e} ({low:+.1e} to {high:+.1e})"


def _figures(found: Worth) -> dict[str, Any]:
    error = found.error
    return {
        "accuracy": {"value": found.accuracy.value, "low": found.accuracy.low, "high": found.accuracy.high},
        "log_loss": found.log_loss,
        "error": {"value": error.value, "low": error.low, "high": error.high} if error else None,
    }
