"""The end of a run that has trained: the last checkpoint, the claim in a race, results and pictures."""

import dataclasses
from pathlib import Path
from typing import Any

from trainer import device as devices
from trainer.build import notes_of
from trainer.checkpoint import fingerprint
from trainer.ending import Ending, Interrupted
from trainer.failure import describe
from trainer.loop import Training
from trainer.record import RunReader, files, race
from trainer.record.status import Finding

Results = dict[str, Any]


def close(training: Training, ending: Ending, race_folder: Path | None) -> Ending:
    """Bring the run to its end; returns the ending that it really is (a rival may have been faster)."""
    training.board.now(state="stopping", phase="saving", progress=None, message=ending.reason)
    if ending.state == "criteria met" and race_folder is not None:
        met = ending
        ending = training.ranks.first(lambda: _claim(training, met, race_folder))
    _keep(training)
    if training.last is None and ending.state in ("finished", "criteria met"):  # resumed when all was done
        training.last = training.evaluate("val", training.epoch)
    if not training.ranks.main:
        return ending
    _write_results(training, ending, ())
    if not ending.haste:
        figures = draw(training)
        if figures:
            _write_results(training, ending, figures)
    return ending


def draw(training: Training) -> tuple[str, ...]:
    """The task's pictures; one that cannot be drawn spoils nothing else."""
    if training.last is None:
        return ()
    training.board.now(phase="drawing")
    folder = training.journal.folder / files.FIGURES
    rows = [dict(row) for row in RunReader(training.journal.folder).metrics()]
    try:
        folder.mkdir(exist_ok=True)
        paths = training.task.finish(list(rows), training.first, training.last, folder)
    except Exception as error:
        training.journal.warning(f"the pictures could not be drawn: {describe(error)}")
        mend = "`trainer figures RUN` draws them again"
        training.board.find(Finding("the pictures could not be drawn", describe(error), mend))
        return ()
    names = tuple(str(path.relative_to(training.journal.folder)) for path in paths)
    training.board.now(figures=names)
    training.journal.event("figures", files=list(names))
    return names


def _claim(training: Training, ending: Ending, folder: Path) -> Ending:
    """Try to win. A full disk is waited out: the claim is a file."""
    journal, status = training.journal, training.board.status
    won = journal.patiently("the winner's mark", lambda: race.claim(folder, status.run, status.worker))
    if won:
        journal.event("won the race", folder=str(folder))
        return dataclasses.replace(ending, reason=f"{ending.reason}; won the race")
    return training.requests.lost() or Ending("lost the race", "a rival's mark is in the race's folder")


def _keep(training: Training) -> None:
    """The last checkpoint. Whoever asked the run to end does not wait for room on the disk."""
    try:
        training.keep()
    except Interrupted:
        entries = training.checkpoints.entries()
        newest = f"the newest is of step {entries[-1].step}" if entries else "there is none"
        text = f"no room for a checkpoint of step {training.step}: {newest}"
        training.journal.warning(text)
        training.board.find(Finding("no last checkpoint", text, "make room on the disk, then resume the run"))


def _write_results(training: Training, ending: Ending, figures: tuple[str, ...]) -> None:
    results = outcome(training, ending, figures)
    try:
        training.journal.document(files.RESULTS, results)
    except Interrupted:
        training.journal.warning("no room for results.json")


def outcome(training: Training, ending: Ending, figures: tuple[str, ...]) -> Results:
    """results.json: what the run came to."""
    stopping = training.watch.status()
    entries, best = training.checkpoints.entries(), training.checkpoints.best()
    return {
        "schema": files.SCHEMA,
        "run": training.board.status.run,
        "worker": training.board.status.worker,
        "state": ending.state,
        "reason": ending.reason,
        "epoch": training.epoch,
        "step": training.step,
        "metrics": training.latest,
        "best": {name: dataclasses.asdict(value) for name, value in training.best.items()},
        "first": dict(training.first.metrics) if training.first else {},
        "criteria": [dataclasses.asdict(item) for item in stopping.criteria] if stopping else [],
        "seconds": round(training.seconds, 3),
        "parameters": sum(parameter.numel() for parameter in training.model.parameters()),
        "samples": {split: training.task.size(split) for split in ("train", "val", "test")},
        "weights_bytes": sum(value.nbytes for value in training.model.state_dict().values()),
        "weights_sha256": fingerprint(training.stepper.judged.state_dict()),
        "memory_peak": devices.memory_peak(training.device),
        "checkpoint": entries[-1].file if entries else None,
        "best_checkpoint": best.file if best else None,
        "notes": list(notes_of(training.config, training.task)),
        "figures": list(figures),
    }
