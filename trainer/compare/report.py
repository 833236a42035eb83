"""Everything that is compared, as values: runs in blocks of equal samples, their worth, and the gaps between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.build import data_root
from trainer.compare import stored
from trainer.compare.gather import LeftOut, Wanted, gather
from trainer.compare.measures import Worth, bootstrap_mean, squared_errors, worth
from trainer.compare.paired import Gap, gaps
from trainer.compare.stored import Predicted
from trainer.config import load, resolve
from trainer.outcomes.interval import LEVEL
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

    accuracy: float | None
    error: float | None
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
    found = _baselines(entrants, wanted, report) if baselines else {}
    beside = {name: _beside(item, entrants, level) for name, item in found.items()}
    return Block(entrants[0].outcome.task, wanted.split, entrants, tuple(between), beside, level)


def _baselines(entrants: Sequence[Entrant], wanted: Wanted, report: Report) -> Mapping[str, Baseline]:
    """Of the block's task and samples, if the task has any; kept beside the first run's predictions."""
    place = REGISTRY[entrants[0].outcome.task].baselines
    if not place:
        return {}
    kept = {} if wanted.again else stored.load_baselines(entrants[0].folder, wanted.split)
    if not kept:
        config = load(str(entrants[0].folder))
        kept = resolve(place)(
            config.settings, seed=config.run.seed, root=data_root(config), split=wanted.split, report=report
        )
        stored.save_baselines(entrants[0].folder, wanted.split, kept)
    return kept


def _beside(baseline: Baseline, entrants: Sequence[Entrant], level: float) -> Beside:
    """A run beats a baseline when its error's interval ends below it; the level is shared out among the runs."""
    strict = 1 - (1 - level) / len(entrants)
    beaten = []
    for number, item in enumerate(entrants):
        errors = squared_errors(item.predicted.predictions)
        if errors is not None and baseline.error is not None and bootstrap_mean(errors, strict).high < baseline.error:
            beaten.append(number)
    return Beside(baseline.accuracy, baseline.error, tuple(beaten))
