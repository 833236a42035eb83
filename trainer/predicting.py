"""What a long run would cost, told from its trial: seconds an epoch, seconds in all, share of waiting for data."""

import dataclasses
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.config import Config
from trainer.order import steps_in_epoch
from trainer.record import RunReader, atomic, files
from trainer.record.jsonl import jsonable
from trainer.record.status import Finding
from trainer.say import duration

DOCUMENT = "trial.json"
PREPARING = 120.0  # seconds in which all data must be there for their number to be known


@dataclass(frozen=True, slots=True)
class Prediction:
    """Of the run without the trial. What is None could not be told."""

    prepare_s: float | None
    samples: int | None  # of an epoch
    epoch_s: float | None  # one pass over the training data and its validation
    total_s: float | None
    data_wait: float | None

    def words(self, epochs: int) -> str:
        """One sentence."""
        wait = "" if self.data_wait is None else f", waiting for data {self.data_wait:.0%} of the time"
        if self.epoch_s is None or self.total_s is None:
            return f"how long an epoch takes is not known: all data are not there after {PREPARING:.0f} s{wait}"
        ready = "" if self.prepare_s is None or self.prepare_s < 1 else f", data ready after {duration(self.prepare_s)}"
        what = f"{duration(self.epoch_s)} an epoch of {self.samples:,} samples, {duration(self.total_s)} for"
        return f"{what} {epochs} epochs{ready}{wait}"


class _Late(Exception):
    """Preparing takes longer than a trial should."""


def predict(trial: Path, config: Config) -> Prediction:
    """From the rows of the trial in this folder. `config` is that of the long run; its data are made ready here."""
    sizes, prepare_s = _sizes(config)
    reader = RunReader(trial)
    rows, status = reader.metrics(), reader.status()
    results = reader.document(files.RESULTS) or {}
    few = results.get("samples") or {}
    wait = status.data_wait if status is not None else None
    step_s = status.step_time_s if status is not None else None
    if sizes is None or step_s is None or not few.get("train") or not few.get("val"):
        return Prediction(prepare_s, sizes[0] if sizes else None, None, None, wait)
    batch, epochs = config.run.batch, config.run.epochs
    each = step_s * steps_in_epoch(few["train"], batch) / few["train"]  # seconds a sample
    validation = [row["seconds"] for row in rows if row.get("phase") == "val" and isinstance(row.get("seconds"), float)]
    judged = min(validation, default=0.0) * sizes[1] / few["val"]
    trained = sizes[0] * epochs
    if config.run.steps:
        trained = min(trained, config.run.steps * batch)
    often = -(-epochs // config.run.validate_every) + config.run.validate_first
    total = trained * each + often * judged * trained / (sizes[0] * epochs)
    return Prediction(prepare_s, sizes[0], sizes[0] * each + judged / config.run.validate_every, total, wait)


def write(trial: Path, *, wrong: str, seconds: float, prediction: Prediction | None, words: str) -> None:
    """trial.json, for whoever asked for the trial."""
    status = RunReader(trial).status()
    found: tuple[Finding, ...] = () if status is None else status.findings
    document: Mapping[str, Any] = {
        "schema": files.SCHEMA,
        "ok": not wrong,
        "wrong": wrong,
        "seconds": round(seconds, 3),
        "prediction": None if prediction is None else dataclasses.asdict(prediction),
        "words": words,
        "findings": [dataclasses.asdict(item) for item in found],
    }
    trial.mkdir(parents=True, exist_ok=True)
    atomic.replace(trial / DOCUMENT, (json.dumps(jsonable(document), indent=1) + "\n").encode())


def _sizes(config: Config) -> tuple[tuple[int, int] | None, float | None]:
    """Samples to train and to validate on, and how long it took to know; the data are kept for the run."""
    from trainer.build import make_task  # noqa: PLC0415 - torch only now

    began = time.monotonic()

    def report(what: str, done: float, total: float | None) -> None:
        if time.monotonic() - began > PREPARING:
            raise _Late

    task = make_task(config)
    try:
        task.prepare(report)
    except _Late:
        return None, None
    return (task.size("train"), task.size("val")), time.monotonic() - began
