"""Outcomes beside each other: tables, and which accuracies differ by more than noise.

Only what run directories tell is used here: the validation's figures, from samples that training has looked at for its
choice of epoch. `trainer compare` looks at the test samples one by one, which tells smaller differences.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainer.outcomes import settings, words
from trainer.outcomes.interval import Interval, difference, mean_and_deviation
from trainer.outcomes.outcome import ACCURACY, Outcome
from trainer.outcomes.table import Table

Rows = list[tuple[str, tuple[str, ...]]]

_TRAINING_ONLY = ("loss", "lr", "grad_norm")


def apart(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    """Outcomes that may stand in one table, each group with what its table is of: task and data decide."""
    groups: list[list[Outcome]] = []
    for item in outcomes:
        fitting = (group for group in groups if group[0].task == item.task and _same_data(group[0], item))
        group = next(fitting, None)
        if group is None:
            groups.append([item])
        else:
            group.append(item)
    tasks = [members[0].task for members in groups]
    return [
        (f"{task or 'other work'}{', other data' if task in tasks[:at] else ''}", members)
        for at, (task, members) in enumerate(zip(tasks, groups, strict=True))
    ]


def _same_data(first: Outcome, second: Outcome) -> bool:
    """Whether no setting of the data that both know differs, but for those that only say how they are kept."""
    one, other = (_data(item.config) for item in (first, second))
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def _data(config: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in settings.flat(config).items() if key.startswith("data.")}
    found.pop("data.resident", None)
    if found.get("data.source") == "shards":
        found["data.source"] = "render"
    if found.get("data.seed") is None:  # it is the run's then
        found["data.seed"] = settings.flat(config).get("run.seed")
    return found


def table(title: str, outcomes: Sequence[Outcome]) -> Table:
    """All that is known of these runs."""
    rows = [row("state", outcomes, lambda item: item.state or words.UNKNOWN)]
    rows.append(row("epoch told, of", outcomes, lambda item: f"{item.epoch or words.UNKNOWN} of {item.epochs or '?'}"))
    rows += metric_rows(outcomes)
    rows += cost_rows(outcomes)
    rows += difference_rows(outcomes)
    return Table(title, heads(outcomes), tuple(rows), tuple(verdicts(outcomes)))


def heads(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Workers' names; the run's where one worker has several, and the host where several have one of that name."""
    names = [item.name for item in outcomes]
    if len(set(names)) == len(names):
        return tuple(names)
    names = [item.run for item in outcomes]
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{item.host}:{item.run}" if item.host else f"{item.run} {n}" for n, item in enumerate(outcomes, 1))


def row(name: str, outcomes: Sequence[Outcome], cell: Callable[[Outcome], str]) -> tuple[str, tuple[str, ...]]:
    return name, tuple(cell(item) for item in outcomes)


def metric_rows(outcomes: Sequence[Outcome]) -> Rows:
    """The validation's metrics, the accuracy first and with its interval."""
    found: Rows = []
    names = list(dict.fromkeys(name for item in outcomes for name in item.metrics))
    for name in sorted(names, key=lambda name: name != ACCURACY):
        if name in _TRAINING_ONLY:
            continue
        found.append((name, tuple(words.figure(item.metrics.get(name)) for item in outcomes)))
        if name == ACCURACY and any(item.accuracy() for item in outcomes):
            found.append(row("  95 % interval", outcomes, _range))
    return found


def cost_rows(outcomes: Sequence[Outcome]) -> Rows:
    """What the figures cost."""
    return [
        row("training time", outcomes, lambda item: words.seconds(item.seconds)),
        row("samples/s", outcomes, lambda item: words.count(item.samples_per_s)),
        row("parameters", outcomes, lambda item: words.count(item.parameters)),
        row("weights", outcomes, lambda item: words.size(item.weights)),
        row("memory, most", outcomes, lambda item: words.size(item.memory)),
        row("device", outcomes, lambda item: item.device.split(" ")[0] or words.UNKNOWN),
    ]


def difference_rows(outcomes: Sequence[Outcome]) -> Rows:
    """Settings that are not the same in all."""
    differing = settings.differing([item.config for item in outcomes])
    if len(outcomes) < 2 or not differing:
        return []
    lines: Rows = [("settings that differ", ())]
    return lines + [(f"  {key}", tuple(_value(value) for value in values)) for key, values in differing.items()]


def seeds(outcomes: Sequence[Outcome]) -> list[str]:
    """Runs that differ in the seed alone, as mean and deviation."""
    lines = []
    for group in settings.same_but_seed([item.config for item in outcomes]):
        members = [outcomes[number] for number in group]
        key = members[0].key
        values = [item.metrics[key] for item in members if key in item.metrics]
        if key and len(values) > 1:
            mean, deviation = mean_and_deviation(values)
            who = words.names([item.run for item in members])
            lines.append(f"{len(values)} seeds of one configuration ({who}): {key} {mean:.4f} ± {deviation:.4f}")
    return lines


def verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    """Which accuracies differ by more than noise. Each pair at 5 % shared out among all pairs (Bonferroni)."""
    pairs = [(a, b) for at, a in enumerate(outcomes) for b in outcomes[at + 1 :]]
    level = 1 - 0.05 / max(1, len(pairs))
    told = []
    for first, second in pairs:
        one, other = first.accuracy(level), second.accuracy(level)
        if one is None or other is None:
            continue
        gap = difference(one, other)
        better, worse, gap = (first, second, gap) if gap.value >= 0 else (second, first, _turned(gap))
        if gap.without_zero:
            by = f"+{gap.value * 100:.1f} points ({gap.low * 100:.1f} to {gap.high * 100:.1f})"
            told.append(f"{ACCURACY}: {better.name} above {worse.name}, {by}: larger than noise")
    known = [item for item in outcomes if item.accuracy() is not None]
    if len(known) < 2:
        return []
    return told or [f"{ACCURACY}: no difference is larger than noise on so few samples"]


def document(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """For programs."""
    return {
        "runs": [_object(item) for item in outcomes],
        "differing": {key: list(values) for key, values in settings.differing([o.config for o in outcomes]).items()},
        "verdicts": verdicts(outcomes),
    }


def _object(item: Outcome) -> dict[str, Any]:
    accuracy = item.accuracy()
    named = ("run", "worker", "host", "task", "state", "reason", "seed", "epoch", "epochs", "samples", "seconds")
    more = ("samples_per_s", "parameters", "weights", "memory", "device")
    return {
        **{name: getattr(item, name) for name in named + more},
        "key_metric": item.key or None,
        "metrics": dict(item.metrics),
        "accuracy_interval": [accuracy.low, accuracy.high] if accuracy else None,
        "notes": list(item.notes),
    }


def _range(item: Outcome) -> str:
    found = item.accuracy()
    return words.percent_range(found.low, found.high) if found else words.UNKNOWN


def _turned(gap: Interval) -> Interval:
    return Interval(-gap.value, -gap.high, -gap.low)


def _value(value: Any) -> str:
    if value is None or value == "":
        return words.UNKNOWN
    if isinstance(value, float) and not math.isfinite(value):
        return words.UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | Mapping):
        return ", ".join(map(str, value)) if len(value) else words.UNKNOWN
    return f"{value:g}" if isinstance(value, float) else str(value)
