"""Several runs that answer together, beside the best of them, with what is gained and how sure that is."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.compare.blend import Blend, blends
from trainer.compare.gather import Wanted, predicted
from trainer.compare.measures import Worth, softmax, squared_errors, worth
from trainer.compare.paired import ACCURACY, ERROR, Gap, gaps
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
    fitted: int  # samples of the validation on which everything was fitted and chosen
    members: tuple[Member, ...]
    best: int  # the member with the best accuracy on the validation samples, of equals the one with the least log loss
    nearest: int  # the member with the least position error there
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
    require_same(heads(outcomes), [*zip(fit, use, strict=True)])
    best = max(range(len(fit)), key=lambda at: _standing(fit[at].predictions))
    nearest = min(range(len(fit)), key=lambda at: _error(fit[at].predictions))
    said = blends([item.predictions for item in fit], [item.predictions for item in use])
    heat = next(item.recipe["temperatures"] for item in said if "temperatures" in item.recipe)
    members = tuple(map(member, heads(outcomes), outcomes, use, heat))
    together = beside(said, use[best].predictions, use[nearest].predictions)
    return Ensemble(wanted.split, len(fit[0].predictions.labels), members, best, nearest, together)


def beside(said: Sequence[Blend], best: Predictions, nearest: Predictions) -> tuple[Together, ...]:
    """All ways, in accuracy against the best member and in position error against the nearest, corrected together."""
    answers = [_answers(blend, best) for blend in said]
    count = len(answers)
    rivals = {ACCURACY: count, ERROR: count if nearest is best else count + 1}
    pairs = [(at, rival) for at in range(count) for rival in sorted(set(rivals.values()))]
    found = [item for item in gaps([*answers, best, nearest], pairs=pairs) if item.second == rivals[item.measure]]
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
    fitted = words.plural(found.fitted, "validation sample")
    told = [f"the best member is {best}, chosen on {fitted}; temperatures, weights and the stacking are fitted there"]
    if found.split == FIT:
        told.append("these are those samples: what is told of them flatters the ensembles")
    nearest = found.members[found.nearest].name
    near = f" in accuracy, against {nearest} in position error" if found.together[0].worth.error else ""
    told.append(f"against {best}{near}:")
    for item in found.together:
        for gap in item.gaps:
            verdict = "larger than noise" if gap.larger_than_noise else "within noise"
            told.append(f"{item.blend.name}, {gap.measure}: {_change(gap)}, p = {gap.p:.2g}: {verdict}")
    return told


def document(found: Ensemble) -> dict[str, Any]:
    """For programs, and the recipe to do it again."""
    return {
        "schema": 1,
        "task": found.members[0].outcome.task,
        "classes": list(found.members[0].use.predictions.classes),
        "split": found.split,
        "fitted_on": FIT,
        "fitted_samples": found.fitted,
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
        "nearest_member": found.members[found.nearest].name if found.members[0].worth.error else None,
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


def answers(found: Ensemble) -> str:
    """One line of CSV for each ensemble and sample: the class that it says, its share, the position."""
    truth = found.members[0].use.predictions
    count = 0 if found.together[0].blend.positions is None else found.together[0].blend.positions.shape[1]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("ensemble", "sample", "class", "said", "share", *(f"position_{at}" for at in range(count))))
    for item in found.together:
        places = item.blend.positions
        for row, share in enumerate(softmax(item.blend.logits)):
            said = int(share.argmax())
            numbers = [f"{value:.6g}" for value in (share[said], *(() if places is None else places[row]))]
            named = truth.classes[int(truth.labels[row])], truth.classes[said]
            table.writerow((item.blend.name, row, *named, *numbers))
    return text.getvalue()


def member(name: str, outcome: Outcome, use: Predicted, heat: float) -> Member:
    """One run with what is told of it."""
    cooled = replace(use.predictions, logits=(use.predictions.logits / heat).astype(np.float32))
    return Member(name, outcome, use, worth(use.predictions), heat, worth(cooled))


def require_same(names: Sequence[str], pairs: Sequence[tuple[Predicted, ...]]) -> None:
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


def _error(found: Predictions) -> float:
    errors = squared_errors(found)
    return float(errors.mean()) if errors is not None else 0.0


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
