"""The rows of the compare screen: the outcomes that `trajconsole compare` shows, runs down instead of across. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from console.charts.overlay import End
from console.widgets.runs import Column
from console.widgets.settings import value_text
from trainer.outcomes import settings, words
from trainer.outcomes.outcome import Outcome
from trainer.outcomes.standing import heads, verdicts
from trainer.outcomes.standing import seeds as seed_words

_TRAINING_ONLY = ("loss", "lr", "grad_norm")


def figure_columns(found: Sequence[Outcome], metric: str, ends: Sequence[End]) -> list[Column]:
    """Name, the metric in question (best, when, newest, before the training), then what the command tells too."""
    columns = [
        _texts("run", heads(found)),
        _numbers(f"best {metric}", [end.best for end in ends]),
        _numbers("at epoch", [end.epoch for end in ends], words.count),
        _numbers("newest", [end.final for end in ends]),
        *([_numbers("untrained", [end.before for end in ends])] if any(end.before is not None for end in ends) else []),
        _texts("state", [item.state or words.UNKNOWN for item in found]),
        _numbers("epoch told", [item.epoch for item in found], words.count),
        _numbers("epochs", [item.epochs for item in found], words.count),
    ]
    names = dict.fromkeys(name for item in found for name in item.metrics)
    told = [name for name in names if name != metric and name not in _TRAINING_ONLY]
    columns += [_numbers(name, [item.metrics.get(name) for item in found]) for name in told]
    return [
        *columns,
        _numbers("training time", [item.seconds for item in found], words.seconds),
        _numbers("samples/s", [item.samples_per_s for item in found], words.count),
        _numbers("parameters", [item.parameters for item in found], words.count),
        _numbers("weights", [item.weights for item in found], words.size),
        _numbers("memory, most", [item.memory for item in found], words.size),
        _texts("host", [item.host or words.UNKNOWN for item in found]),
    ]


def setting_columns(found: Sequence[Outcome]) -> list[Column]:
    """Only those settings that are not the same in all."""
    differing = settings.differing([item.config for item in found]) if len(found) > 1 else {}
    return [_texts("run", heads(found)), *(_values(key, values) for key, values in differing.items())]


def told(found: Sequence[Outcome]) -> list[str]:
    """Which differences are larger than noise, runs that differ in the seed alone, notes that belong to figures."""
    notes = [f"{name}: {note}" for name, item in zip(heads(found), found, strict=True) for note in item.notes]
    many = len(found) > 30  # pairs grow as the square
    said = [] if many else verdicts(found)
    return [*said, *seed_words(found), *notes[:60]]


def same_settings(configs: Sequence[Mapping[str, Any]]) -> int:
    """How many settings are the same in all."""
    keys = {key for config in configs for key in settings.flat(config)}
    return len(keys) - len(settings.differing(configs))


def _numbers(title: str, values: Sequence[float | None], word: Any = words.figure) -> Column:
    return Column(title, tuple(word(value) for value in values), tuple(values))


def _texts(title: str, values: Sequence[str]) -> Column:
    return Column(title, tuple(values), tuple(values), to_right=False)


def _values(title: str, values: Sequence[Any]) -> Column:
    texts = tuple(words.UNKNOWN if value is None else value_text(value) for value in values)
    plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values if value is not None)
    return Column(title, texts, tuple(values) if plain else tuple(None if v is None else str(v) for v in values), plain)
