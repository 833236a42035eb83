"""Predictions of runs, made where they are not stored. One model is in memory at a time."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.compare import stored
from trainer.compare.measures import right, squared_errors
from trainer.compare.stored import Predicted
from trainer.record import files
from trainer.schema import ConfigError, Problem
from trainer.tasks import Controls, Evaluation, Predictions, Predicts, Report

if TYPE_CHECKING:
    from trainer.revival import Revived


@dataclass(frozen=True)
class Wanted:
    """Which predictions: of which split, by which checkpoint ("best", "last" or a file's name), computed where."""

    split: str = "test"
    checkpoint: str = "best"
    device: str = ""
    again: bool = False  # also where they are stored


@dataclass(frozen=True)
class LeftOut:
    """A run that cannot be compared, and why."""

    run: str
    why: str


def require_runs(folders: Sequence[Path]) -> list[Path]:
    """The folders, each once. ConfigError names all that are no run's."""
    wrong = [Problem(str(path), None, "", "is not a run's folder") for path in folders
             if not (path / files.RUN).is_file()]  # fmt: skip
    if wrong:
        raise ConfigError(wrong)
    return list({path.resolve(): path for path in folders}.values())


def gather(folders: Sequence[Path], wanted: Wanted, report: Report) -> tuple[dict[Path, Predicted], list[LeftOut]]:
    """Each run's predictions; one that cannot give any does not keep the others from being compared."""
    found: dict[Path, Predicted] = {}
    left_out = []
    for folder in folders:
        try:
            found[folder] = predicted(folder, wanted, report)
        except (ConfigError, OSError, RuntimeError, ValueError, ImportError) as error:
            left_out.append(LeftOut(folder.resolve().name, str(error).splitlines()[0] if str(error) else repr(error)))
    return found, left_out


def predicted(folder: Path, wanted: Wanted, report: Report) -> Predicted:
    """Of one run: from its folder, else from its model."""
    from trainer.revival import choose, revive  # noqa: PLC0415 - torch only now

    saved = choose(folder, wanted.checkpoint)
    there = None if wanted.again or not saved.sha256 else stored.load(folder, wanted.split, saved.sha256)
    if there is not None:
        return there
    run = folder.resolve().name
    revived = revive(folder, saved.file, _named(report, run), wanted.device)
    found = _predict(revived, wanted.split, _named(report, run))
    if saved.sha256:
        stored.save(folder, found)
    del revived
    _forget()
    return found


def of_evaluation(revived: "Revived", split: str, found: Evaluation) -> Predictions:
    """What a validation says of each sample. ConfigError when the task does not tell."""
    task = revived.task
    if not isinstance(task, Predicts):
        raise ConfigError([Problem(f"task {revived.config.task}", None, "", "does not tell its predictions")])
    predictions = task.predictions(split, found)
    wrong = stored.check(predictions)
    assert not wrong, wrong
    return predictions


def _predict(revived: "Revived", split: str, report: Report) -> Predicted:
    found = revived.evaluate(split, report)
    state = revived.model.state_dict()
    return Predicted(
        checkpoint=revived.saved.file,
        sha256=revived.saved.sha256,
        epoch=revived.saved.epoch,
        step=revived.saved.step,
        split=split,
        metrics=dict(found.metrics),
        parameters=sum(value.numel() for value in revived.model.parameters()),
        weights=sum(value.nbytes for value in state.values()),
        device=str(revived.device),
        predictions=of_evaluation(revived, split, found),
        controls=_controls(revived, split, report),
    )


def _controls(revived: "Revived", split: str, report: Report) -> dict[str, dict[str, float]]:
    """Accuracy and error of the model with something taken from what it sees."""
    if not isinstance(revived.task, Controls):
        return {}
    found = {}
    for name, model in revived.task.controls(revived.model).items():
        said = of_evaluation(revived, split, revived.evaluate(split, report, model))
        errors = squared_errors(said)
        found[name] = {"accuracy": float(right(said).mean())}
        if errors is not None:
            found[name]["error"] = float(errors.mean())
    return found


def _named(report: Report, run: str) -> Report:
    return lambda what, done, total: report(f"{run}: {what}", done, total)


def _forget() -> None:
    """Give the model's memory back before the next one comes."""
    import torch  # noqa: PLC0415

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
