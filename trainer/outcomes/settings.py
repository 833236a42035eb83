"""In which settings runs differ, and which runs are the same but for the seed."""

from collections.abc import Mapping, Sequence
from typing import Any

Flat = dict[str, Any]

# What a run is called, who started it and on which device decides no figure.
_ASIDE = ("origin", "race", "run.name", "run.data")
_SEEDS = ("run.seed", "data.seed")


def flat(table: Mapping[str, Any], at: str = "") -> Flat:
    """A configuration as dotted keys, without what decides no figure."""
    found: Flat = {}
    for key, value in table.items():
        name = f"{at}{key}"
        if name in _ASIDE:
            continue
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}.")
        else:
            found[name] = value
    return found


def differing(tables: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Keys whose values are not the same in all tables, with each table's value (None: not there)."""
    flats = [flat(table) for table in tables]
    keys = dict.fromkeys(key for table in flats for key in table)
    rows = {key: tuple(table.get(key) for table in flats) for key in keys}
    return {key: values for key, values in rows.items() if any(value != values[0] for value in values)}


def same_but_seed(tables: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """Groups of two and more that differ in nothing but the seed; each table in at most one group."""
    groups: dict[str, list[int]] = {}
    for number, table in enumerate(tables):
        rest = {key: value for key, value in flat(table).items() if key not in _SEEDS}
        if rest:
            groups.setdefault(repr(sorted(rest.items())), []).append(number)
    return [members for members in groups.values() if len(members) > 1]
