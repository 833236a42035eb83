"""A family of runs: the same configuration with each fold as the test part in turn, and what they come to together.

Each fold is a run of its own in `fold-N`, resumed where it was left; `folds.json` beside them holds their figures on
subjects that none of them was trained on.
"""

import dataclasses
import itertools
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer import config as configuration
from trainer.config import Config, load
from trainer.outcomes.table import Table
from trainer.record import RunReader, atomic, files
from trainer.record.jsonl import jsonable
from trainer.schema import ConfigError, Problem
from trainer.tasks import Groups, Report

DOCUMENT = "folds.json"
DONE = ("finished", "criteria met")


@dataclass(frozen=True)
class Fold:
    """One finished run, on its test part."""

    number: int
    checkpoint: str
    sha256: str
    epoch: int
    samples: int
    groups: tuple[str, ...]  # who is in the test part
    metrics: Mapping[str, float]


def numbers(config: Config, only: str) -> list[int]:
    """The folds that are meant. ConfigError where the task has none, or not these."""
    data = getattr(config.settings, "data", None)
    count = getattr(data, "folds", 0)
    if not count:
        raise ConfigError([Problem(config.run.name, None, "task", f"{config.task} has no folds")])
    if getattr(data, "test_release", ""):
        mend = "remove it, or train one run with `trainer run`"
        raise ConfigError([Problem(config.run.name, None, "data.test_release", "leaves one test part only", mend)])
    words = [word.strip() for word in only.split(",")] if only else [str(number) for number in range(count)]
    wrong = [word for word in words if not word.isascii() or not word.isdigit() or int(word) >= count]
    if wrong:
        raise ConfigError(
            [Problem("--only", None, "", f"there is no fold {wrong[0]!r}", f"0 to {count - 1}, as in 0,2")]
        )
    return sorted({int(word) for word in words})


def finished(folder: Path, config: Config) -> bool:
    """Whether this fold has been trained to its end. ConfigError when it was by another configuration."""
    status = RunReader(folder).status()
    if status is None or status.state not in DONE:
        return False
    there = load(str(folder))
    same = dataclasses.replace(there, run=dataclasses.replace(there.run, name=config.run.name), origin=config.origin)
    changes = configuration.differences(configuration.to_table(same), configuration.to_table(config))
    if changes:
        key, (old, new) = next(iter(changes.items()))
        mend = "another --run-dir for another configuration"
        raise ConfigError([Problem(str(folder), None, key, f"is finished with {old!r}, not {new!r}", mend)])
    return True


def measure(folder: Path, number: int, known: Fold | None, report: Report) -> Fold:
    """The best checkpoint's figures on the fold's test part; those that are known are not computed again."""
    from trainer.revival import choose, revive  # noqa: PLC0415 - torch only now

    saved = choose(folder, "best")
    if known is not None and saved.sha256 and known.sha256 == saved.sha256:
        return known
    revived = revive(folder, saved.file, report)
    found, task = revived.evaluate("test", report), revived.task
    who: tuple[str, ...] = ()
    if isinstance(task, Groups):
        splits = {split: task.groups(split) for split in ("train", "val", "test")}
        for one, other in itertools.combinations(splits.values(), 2):
            assert not one & other, f"{folder}: {sorted(one & other)[0]} is in two splits"
        who = tuple(sorted(splits["test"]))
    return Fold(number, saved.file, saved.sha256, saved.epoch, task.size("test"), who, dict(found.metrics))


def read(folder: Path) -> dict[int, Fold]:
    """What folds.json holds; nothing where it is missing or damaged: it is made from the runs."""
    try:
        rows = json.loads((folder / DOCUMENT).read_bytes())["folds"]
        found = [Fold(**{**row, "groups": tuple(row["groups"])}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {fold.number: fold for fold in found if (folder / f"fold-{fold.number}" / files.RUN).is_file()}


def write(folder: Path, config: Config, found: Mapping[int, Fold]) -> dict[str, Any]:
    """folds.json, of all folds that are there. Returns what it holds."""
    rows = [found[number] for number in sorted(found)]
    for one, other in itertools.combinations(rows, 2):
        both = set(one.groups) & set(other.groups)
        assert not both, f"{sorted(both)[0]} is tested in fold {one.number} and in fold {other.number}"
    names = list(rows[0].metrics)
    document = {
        "schema": files.SCHEMA,
        "name": config.run.name,
        "task": config.task,
        "of": config.settings.data.folds,
        "folds": [dataclasses.asdict(row) for row in rows],
        "mean": {name: statistics.fmean(row.metrics[name] for row in rows) for name in names},
        "spread": {name: _spread([row.metrics[name] for row in rows]) for name in names},
    }
    atomic.replace(folder / DOCUMENT, (json.dumps(jsonable(document), indent=1) + "\n").encode())
    return document


def table(document: Mapping[str, Any]) -> Table:
    """Folds down, figures across; at the end what knowing nothing would reach."""
    names = [name for name in document["mean"] if not name.endswith("_mean")]
    rows = [(f"fold {fold['number']}", _cells(fold["metrics"], names, fold)) for fold in document["folds"]]
    rows.append(("mean", _cells(document["mean"], names)))
    rows.append(("spread", _cells(document["spread"], names)))
    knowing = {name: document["mean"][f"{name}_mean"] for name in names if f"{name}_mean" in document["mean"]}
    rows.append(("predicting the mean", _cells(knowing, names)))
    heads = ("epoch", "samples", *(name.removeprefix("val_") for name in names))
    left = document["of"] - len(document["folds"])
    notes = (f"{left} of {document['of']} folds are not trained yet",) if left else ()
    return Table(f"{document['name']}: test parts of {len(document['folds'])} folds", heads, tuple(rows), notes)


def _cells(
    metrics: Mapping[str, float], names: Sequence[str], fold: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    first = (str(fold["epoch"]), str(fold["samples"])) if fold else ("", "")
    return (*first, *(f"{metrics[name]:.3f}" if name in metrics else "" for name in names))


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0
