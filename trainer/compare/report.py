"""Everything that is compared, as values: runs in blocks of equal samples, their worth, and the gaps between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.compare.gather import LeftOut, Wanted, gather
from trainer.compare.measures import Worth, bootstrap_mean, squared_errors, worth
from trainer.compare.paired import Gap, gap, gaps
from trainer.compare.stored import Predicted
from trainer.config import load, resolve
from trainer.outcomes.interval import LEVEL, Interval, wilson
from trainer.outcomes.outcome import Outcome, read
from trainer.outcomes.standing import heads
from trainer.record import RunReader
from trainer.tasks import REGISTRY, Baseline, Predictions, Report


@dataclass(frozen=True)
class Entrant:
    """One run in a comparison."""

    name: str
    folder: Path
    outcome: Outcome
    predicted: Predicted
    worth: Worth


@dataclass(frozen=True)
class Beside:
    """A baseline's figures, and which entrants have a smaller position error by more than noise."""

    accuracy: Interval | None
    error: Interval | None
    beaten_by: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """Runs on the same samples: what may be compared sample by sample."""

    task: str
    split: str
    entrants: tuple[Entrant, ...]
    gaps: tuple[Gap, ...]
    baselines: Mapping[str, Beside]
    level: float

    @property
    def truth(self) -> Predictions:
        """Labels and targets, which all entrants share."""
        return self.entrants[0].predicted.predictions


@dataclass(frozen=True)
class Comparison:
    """The whole."""

    split: str
    level: float
    blocks: tuple[Block, ...]
    left_out: tuple[LeftOut, ...]


def compare(
    folders: Sequence[Path], wanted: Wanted, report: Report, *, level: float = LEVEL, baselines: bool = True
) -> Comparison:
    """Predict what is not predicted yet, and put beside each other what may stand there."""
    found, left_out = gather(folders, wanted, report)
    outcomes = [read(RunReader(folder)) for folder in found]
    groups: dict[tuple[str, str], list[Entrant]] = {}
    for name, outcome, (folder, predicted) in zip(heads(outcomes), outcomes, found.items(), strict=True):
        entrant = Entrant(name, folder, outcome, predicted, worth(predicted.predictions, level))
        samples = predicted.predictions.samples or str(folder)
        groups.setdefault((outcome.task, samples), []).append(entrant)
    blocks = [_block(tuple(members), wanted, report, level, baselines) for members in groups.values()]
    return Comparison(wanted.split, level, tuple(blocks), tuple(left_out))


def _block(entrants: tuple[Entrant, ...], wanted: Wanted, report: Report, level: float, baselines: bool) -> Block:
    between = gaps([item.predicted.predictions for item in entrants], level) if len(entrants) > 1 else []
    found = _baselines(entrants, wanted.split, report) if baselines else {}
    beside = {name: _beside(item, entrants, level) for name, item in found.items()}
    return Block(entrants[0].outcome.task, wanted.split, entrants, tuple(between), beside, level)


def _baselines(entrants: Sequence[Entrant], split: str, report: Report) -> Mapping[str, Baseline]:
    """Of the block's task and data, if the task has any."""
    from trainer.build import data_root  # noqa: PLC0415

    config = load(str(entrants[0].folder))
    place = REGISTRY[config.task].baselines
    if not place:
        return {}
    found: Mapping[str, Baseline] = resolve(place)(
        config.settings, seed=config.run.seed, root=data_root(config), split=split, report=report
    )
    return found


def _beside(baseline: Baseline, entrants: Sequence[Entrant], level: float) -> Beside:
    truth = entrants[0].predicted.predictions
    accuracy = None
    if baseline.logits is not None:
        hits = int((baseline.logits.argmax(1) == truth.labels).sum())
        accuracy = wilson(hits, len(truth.labels), level)
    if baseline.positions is None or truth.targets is None:
        return Beside(accuracy, None)
    errors = _errors(truth.targets, baseline.positions)
    # A baseline has its verdict with every run: the level is shared out among them.
    strict = 1 - (1 - level) / len(entrants)
    beaten = tuple(
        number
        for number, item in enumerate(entrants)
        if (own := squared_errors(item.predicted.predictions)) is not None and gap(own, errors, strict).high < 0
    )
    return Beside(accuracy, bootstrap_mean(errors, level), beaten)


def _errors(targets: NDArray[np.float32], said: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(((targets.astype(np.float64) - said) ** 2).reshape(len(targets), -1).mean(1))
