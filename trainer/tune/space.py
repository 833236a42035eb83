"""[tune.space] against the configuration that it changes: each key one of its keys, each value one it takes."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trainer.schema import ConfigError, Problem, Source, nearest
from trainer.tune.settings import Range, Tune

_SINGLE = ("task", "run.name", "run.data", "run.trial", "race.folder")  # what all trials have in common
_KEYS = frozenset({"low", "high", "log", "step", "choices"})


def flat(space: Any, at: str = "") -> Any:
    """`optim.lr = {…}` without quotes is a table in a table: the same as "optim.lr" = {…}."""
    if not isinstance(space, Mapping):
        return space
    found: dict[str, Any] = {}
    for key, value in space.items():
        name = f"{at}.{key}" if at else str(key)
        inner = isinstance(value, Mapping) and value and not _KEYS & set(value)
        found |= flat(value, name) if inner else {name: value}
    return found


def leaves(table: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Every value of a configuration by its dotted key."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{at}.{key}" if at else str(key)
        found |= leaves(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def put(table: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The table with these values at their dotted keys."""
    found = copy.deepcopy(dict(table))
    for key, value in settings.items():
        *path, last = key.split(".")
        inner = found
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return found


def problems(
    tune: Tune, resolved: Mapping[str, Any], raw: Mapping[str, Any], rebuild: Callable[[Any], Any], source: Source
) -> Iterator[Problem]:
    """All that is wrong. `resolved` has every key, `raw` what was written; `rebuild` raises ConfigError for a table."""
    known = {key: value for key, value in leaves(resolved).items() if key.partition(".")[0] not in ("origin", "tune")}
    for key, wanted in tune.space.items():
        at = f"tune.space.{key}"
        if key in _SINGLE:
            yield source.problem(at, "is the same in all trials", "leave it out")
        elif key not in known:
            tables = {name.rpartition(".")[0] for name in known}
            mend = "name one of its keys" if key in tables else nearest(key, list(known))
            yield source.problem(at, "a table" if key in tables else "unknown key", mend)
        else:
            wrong = _kind(wanted, known[key])
            if wrong:
                yield source.problem(at, *wrong)
                continue
            for value in ends(wanted):
                try:
                    rebuild(put(raw, {key: value}))
                except ConfigError as error:
                    yield from (source.problem(at, _blame(key, value, item), item.mend) for item in error.problems)


def ends(wanted: Range) -> tuple[Any, ...]:
    """Values that must all be possible for the others to be."""
    return wanted.choices or (wanted.low, wanted.high)


def _kind(wanted: Range, now: Any) -> tuple[str, str] | None:
    if wanted.choices:
        return None
    if isinstance(now, bool) or not isinstance(now, int | float):
        return f"{now!r} is no number, so nothing lies between low and high", "give choices"
    numbers = [value for value in (wanted.low, wanted.high, wanted.step) if value is not None]
    if isinstance(now, int) and any(value != int(value) for value in numbers):
        return "takes whole numbers only", "whole low, high and step"
    return None


def _blame(key: str, value: Any, problem: Problem) -> str:
    where = "" if problem.key == key else f"{problem.key}: "
    return f"with {value!r}: {where}{problem.what}"
