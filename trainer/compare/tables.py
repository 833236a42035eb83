"""A comparison as tables, sentences and JSON."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trainer.compare.paired import ACCURACY, Gap
from trainer.compare.report import Block, Comparison, Entrant
from trainer.outcomes import words
from trainer.outcomes.interval import Interval, mean_and_deviation
from trainer.outcomes.settings import same_but_seed
from trainer.outcomes.standing import cost_rows, difference_rows
from trainer.outcomes.table import Table, to_json

Rows = list[tuple[str, tuple[str, ...]]]
MIXED_UP = 12  # pairs of classes that are told in a table; JSON has all


def tables(found: Comparison) -> list[Table]:
    """One for each block, and one for the errors beside the baselines where positions are said."""
    made = []
    for number, block in enumerate(found.blocks):
        made.append(_figures(block, len(found.blocks) > 1, number))
        if block.baselines and block.entrants[0].worth.error is not None:
            made.append(_positions(block))
    return made


def sentences(found: Comparison) -> list[str]:
    """What may be said of all this, and what not."""
    told = [f"left out: {item.run}: {item.why}" for item in found.left_out]
    if len(found.blocks) > 1:
        told.append("runs of different tasks or data stand in tables of their own: no difference between them is told")
    for block in found.blocks:
        told += verdicts(block)
    return told + seeds([item for block in found.blocks for item in block.entrants])


def verdicts(block: Block) -> list[str]:
    """Differences larger than noise, each in a sentence, and in one sentence all that are not."""
    told = [_sentence(block, item) for item in block.gaps if item.larger_than_noise]
    for measure in dict.fromkeys(item.measure for item in block.gaps):
        quiet = [item for item in block.gaps if item.measure == measure and not item.larger_than_noise]
        pairs = [f"{_name(block, item.first)}/{_name(block, item.second)}" for item in quiet]
        if quiet:
            told.append(f"{measure}: within noise: {', '.join(pairs)}")
    if block.gaps:
        told.append(_meaning(block))
    return told


def seeds(entrants: Sequence[Entrant]) -> list[str]:
    """Runs that differ in the seed alone, as mean and deviation, whichever tables they stand in."""
    told = []
    for group in same_but_seed([item.outcome.config for item in entrants]):
        members = [entrants[number] for number in group]
        mean, deviation = mean_and_deviation([item.worth.accuracy.value for item in members])
        figures = f"accuracy {words.percent(mean)} ± {deviation * 100:.1f} points"
        errors = [item.worth.error.value for item in members if item.worth.error is not None]
        if len(errors) == len(members):
            mean, deviation = mean_and_deviation(errors)
            figures += f", position error {words.figure(mean)} ± {words.figure(deviation)}"
        told.append(f"{len(members)} seeds of one configuration ({words.names([m.name for m in members])}): {figures}")
    return told


def _meaning(block: Block) -> str:
    count = words.plural(len(block.truth.labels), "sample")
    many = words.plural(len(block.gaps), "comparison")
    return (
        f"larger than noise: at most {(1 - block.level) * 100:g} % risk that any of {many} is wrongly called so (exact "
        f"McNemar test and paired bootstrap on the same {count}, Holm's correction). What another seed of the training "
        "would give is not in it: train several and compare them"
    )


def document(found: Comparison) -> dict[str, Any]:
    """For programs: everything, intervals and confusion included."""
    return {
        "schema": 1,
        "split": found.split,
        "level": found.level,
        "blocks": [_block_object(block) for block in found.blocks],
        "left_out": [{"run": item.run, "why": item.why} for item in found.left_out],
        "tables": [to_json(table) for table in tables(found)],
        "sentences": sentences(found),
    }


def _figures(block: Block, several: bool, number: int) -> Table:
    entrants, level = block.entrants, f"{block.level * 100:g} %"
    outcomes = [item.outcome for item in entrants]
    count = words.plural(len(block.truth.labels), "sample")
    rows: Rows = [
        _row("accuracy", entrants, lambda item: words.percent(item.worth.accuracy.value)),
        _row(f"  {level} interval", entrants, lambda item: _percents(item.worth.accuracy)),
    ]
    for at, name in enumerate(block.truth.classes):
        rows.append((f"  of {name}", tuple(words.percent(_recall(item, at)) for item in entrants)))
    rows += _mixed_up(block)
    if entrants[0].worth.error is not None:
        rows.append(_row("position error (MSE)", entrants, lambda item: _figure(item.worth.error)))
        rows.append(_row(f"  {level} interval", entrants, lambda item: _figures_of(item.worth.error)))
    rows += _controls(entrants)
    rows.append(_row("log loss", entrants, lambda item: words.figure(item.worth.log_loss)))
    rows.append(_row("calibration error", entrants, lambda item: words.percent(item.worth.calibration)))
    rows += _other_metrics(entrants)
    rows += _costs(entrants)
    rows.append(_row("state", entrants, lambda item: item.outcome.state or words.UNKNOWN))
    rows.append(_row("epoch of weights", entrants, lambda item: str(item.predicted.epoch)))
    rows += difference_rows(outcomes)
    title = f"{block.task}: {count} of {block.split}" + (f" (table {number + 1})" if several else "")
    return Table(title, tuple(item.name for item in entrants), tuple(rows), tuple(_notes(entrants)))


def _positions(block: Block) -> Table:
    """Runs and baselines by their error, the smallest first."""
    level = f"{block.level * 100:g} %"
    lines: list[tuple[float, str, tuple[str, ...]]] = []
    for item in block.entrants:
        assert item.worth.error is not None
        error, accuracy = item.worth.error, item.worth.accuracy
        lines.append((error.value, item.name, (_figure(error), _figures_of(error), words.percent(accuracy.value), "")))
    for name, beside in block.baselines.items():
        whole = len(beside.beaten_by) == len(block.entrants) > 1
        beaten = "all" if whole else ", ".join(_name(block, at) for at in beside.beaten_by) or "none"
        cells = (words.figure(beside.error), "", words.percent(beside.accuracy), beaten if beside.error else "")
        lines.append((np.inf if beside.error is None else beside.error, f"· {name}", cells))
    rows = tuple((name, cells) for _value, name, cells in sorted(lines, key=lambda line: line[0]))
    heads = ("MSE", f"{level} interval", "accuracy", "beaten by")
    return Table("next position, mean squared error; · is a baseline, beaten by more than noise", heads, rows)


def _mixed_up(block: Block) -> Rows:
    """Which class was taken for which, where any run did so, the commonest first."""
    total = np.sum([item.worth.confusion for item in block.entrants], axis=0)
    np.fill_diagonal(total, 0)
    order = np.argsort(-total, axis=None, kind="stable")
    classes = block.truth.classes
    pairs = [divmod(int(at), len(classes)) for at in order if total.flat[at]]
    rows: Rows = [("taken for another class", ())] if pairs else []
    for true, said in pairs[:MIXED_UP]:
        counts = [int(item.worth.confusion[true, said]) for item in block.entrants]
        rows.append((f"  {classes[true]} → {classes[said]}", tuple(map(words.count, counts))))
    if len(pairs) > MIXED_UP:
        rows.append(_row("  other pairs", block.entrants, lambda item: words.count(_rest(item, pairs[MIXED_UP:]))))
    return rows


def _rest(item: Entrant, pairs: Sequence[tuple[int, int]]) -> int:
    return sum(int(item.worth.confusion[pair]) for pair in pairs)


def _controls(entrants: Sequence[Entrant]) -> Rows:
    rows: Rows = []
    for name in dict.fromkeys(name for item in entrants for name in item.predicted.controls):
        for figure, show in (("accuracy", words.percent), ("error", words.figure)):
            values = [item.predicted.controls.get(name, {}).get(figure) for item in entrants]
            if any(value is not None for value in values):
                rows.append((f"{name}: {figure}", tuple(show(value) for value in values)))
    return rows


def _other_metrics(entrants: Sequence[Entrant]) -> Rows:
    """Figures of the task's own that are not told above in other words."""
    told = ("val_accuracy", "val_loss", *(("mse",) if entrants[0].worth.error else ()))
    names = dict.fromkeys(
        name
        for item in entrants
        for name in item.predicted.metrics
        if not name.startswith(told[:2]) and not name.endswith(told[2:] or "\0")
    )
    return [
        (name.removeprefix("val_"), tuple(words.figure(item.predicted.metrics.get(name)) for item in entrants))
        for name in names
    ]


def _costs(entrants: Sequence[Entrant]) -> Rows:
    """Parameters and bytes are those of the very model; the rest is what the run says of itself."""
    rows = dict(cost_rows([item.outcome for item in entrants]))
    rows["parameters"] = tuple(words.count(item.predicted.parameters) for item in entrants)
    rows["weights"] = tuple(words.size(item.predicted.weights) for item in entrants)
    return list(rows.items())


def _notes(entrants: Sequence[Entrant]) -> list[str]:
    """What the runs want said beside their figures; once when all say the same."""
    said: dict[str, list[str]] = {}
    for item in entrants:
        for note in item.outcome.notes:
            said.setdefault(note, []).append(item.name)
    return [
        f"note{'' if len(who) == len(entrants) else f' ({words.names(who)})'}: {note}" for note, who in said.items()
    ]


def _sentence(block: Block, item: Gap) -> str:
    better, worse = _name(block, item.better), _name(block, item.worse)
    ends = sorted((abs(item.gap.low), abs(item.gap.high)))
    if item.measure == ACCURACY:
        by = f"above {worse}, {abs(item.gap.value) * 100:.1f} points more ({ends[0] * 100:.1f} to {ends[1] * 100:.1f})"
    else:
        by = f"below {worse}, {words.figure(abs(item.gap.value))} less ({' to '.join(map(words.figure, ends))})"
    return f"{item.measure}: {better} {by}, p = {item.p:.2g}: larger than noise"


def _block_object(block: Block) -> dict[str, Any]:
    return {
        "task": block.task,
        "samples": len(block.truth.labels),
        "classes": list(block.truth.classes),
        "runs": [_entrant_object(item) for item in block.entrants],
        "baselines": {
            name: {
                "accuracy": item.accuracy,
                "error": item.error,
                "beaten_by": [_name(block, number) for number in item.beaten_by],
            }
            for name, item in block.baselines.items()
        },
        "gaps": [
            {
                "measure": item.measure,
                "first": _name(block, item.first),
                "second": _name(block, item.second),
                **_interval_of(item.gap),
                "p": item.p,
                "larger_than_noise": item.larger_than_noise,
            }
            for item in block.gaps
        ],
    }


def _entrant_object(item: Entrant) -> dict[str, Any]:
    run, said = item.outcome, item.predicted
    return {
        "name": item.name,
        "run": run.run,
        "worker": run.worker,
        "state": run.state,
        "seed": run.seed,
        "checkpoint": said.checkpoint,
        "epoch": said.epoch,
        "accuracy": _interval(item.worth.accuracy),
        "confusion": item.worth.confusion.tolist(),
        "log_loss": item.worth.log_loss,
        "calibration_error": item.worth.calibration,
        "error": _interval(item.worth.error),
        "controls": {name: dict(figures) for name, figures in said.controls.items()},
        "metrics": dict(said.metrics),
        "seconds": run.seconds,
        "samples_per_s": run.samples_per_s,
        "parameters": said.parameters,
        "weights": said.weights,
        "memory": run.memory,
        "device": run.device,
        "notes": list(run.notes),
    }


def _interval(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else _interval_of(found)


def _interval_of(found: Interval) -> dict[str, float]:
    return {"value": found.value, "low": found.low, "high": found.high}


def _row(name: str, entrants: Sequence[Entrant], cell: Callable[[Entrant], str]) -> tuple[str, tuple[str, ...]]:
    return name, tuple(cell(item) for item in entrants)


def _recall(item: Entrant, at: int) -> float:
    row = item.worth.confusion[at]
    return float(row[at] / row.sum()) if row.sum() else float("nan")


def _name(block: Block, number: int) -> str:
    return block.entrants[number].name


def _percents(found: Interval) -> str:
    return words.percent_range(found.low, found.high)


def _figure(found: Interval | None) -> str:
    return words.figure(found.value if found else None)


def _figures_of(found: Interval | None) -> str:
    return f"{words.figure(found.low)}–{words.figure(found.high)}" if found else words.UNKNOWN
