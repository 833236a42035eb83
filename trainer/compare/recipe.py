"""An ensemble's recipe, as `trainer ensemble --out` leaves it: read, checked, and done again with the runs at hand.

A run is recognised by the checksum of its checkpoint, so that it may have another name, lie elsewhere, or have been
trained on since: the very weights that the recipe was made with are what is asked.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainer.compare.blend import done
from trainer.compare.ensemble import Ensemble, beside, member, require_same
from trainer.compare.gather import Wanted, predicted
from trainer.outcomes.outcome import read
from trainer.outcomes.standing import heads
from trainer.record import RunReader
from trainer.schema import ConfigError, Problem
from trainer.tasks import Report

_NONE = "is not what trainer ensemble --out writes"
_AGAIN = "make it again: trainer ensemble RUN… --out FILE"


@dataclass(frozen=True)
class Named:
    """A member as the recipe knows it."""

    name: str
    run: str
    checkpoint: str
    sha256: str
    temperature: float


@dataclass(frozen=True)
class Recipe:
    """`best` and `nearest` are places among the members: those that the ensembles are held against."""

    classes: tuple[str, ...]
    fitted: int
    members: tuple[Named, ...]
    best: int
    nearest: int
    ways: tuple[tuple[str, dict[str, Any]], ...]


def load(path: Path) -> Recipe:
    """ConfigError where there is none, or one that could not be done."""
    try:
        return parse(json.loads(path.read_bytes()))
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror}", "name the file of --out") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f" ({error})" if isinstance(error, _Wrong) else ""
        raise _fault(path, f"{_NONE}{why}", _AGAIN) from None


class _Wrong(ValueError):
    """A recipe that was understood and does not fit together."""


def parse(document: Any) -> Recipe:
    """What a recipe's document says. Some error of Python's where it says something else."""
    members = tuple(
        Named(str(item["name"]), str(item["run"]), str(item["checkpoint"]), str(item["sha256"]), item["temperature"])
        for item in document["members"]
    )
    classes, names = tuple(map(str, document["classes"])), [item.name for item in members]
    best, nearest = document["best_member"], document["nearest_member"]
    ways = tuple((str(item["name"]), dict(item["recipe"])) for item in document["ensembles"])
    for name, way in ways:
        _check(name, way, len(members), len(classes))
    if not all(_positive(item.temperature) for item in members) or not ways:
        raise _Wrong("temperatures or ways are missing")
    place = names.index(best)
    return Recipe(
        classes,
        int(document["fitted_samples"]),
        members,
        place,
        place if nearest is None else names.index(nearest),
        ways,
    )


def _check(name: str, way: dict[str, Any], members: int, classes: int) -> None:
    """Every number is there, is one, and is where it belongs."""
    shapes = {
        "weights": (members,),
        "temperatures": (members,),
        "position_weights": (members,),
        "matrix": (members, classes, classes),
        "bias": (classes,),
    }
    if not set(way) <= set(shapes) or not ("weights" in way or {"matrix", "bias"} <= set(way)):
        raise _Wrong(f"{name}: keys")
    for key, value in way.items():
        if value is None and key == "position_weights":
            continue
        found = np.array(value, dtype=np.float64)
        if found.shape != shapes[key] or not np.isfinite(found).all():
            raise _Wrong(f"{name}: {key}")
    if not all(map(_positive, way.get("temperatures", ()))):
        raise _Wrong(f"{name}: temperatures")


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0


def apply(path: Path, folders: Sequence[Path], wanted: Wanted, report: Report) -> Ensemble:
    """The recipe's ensembles with these runs, which may be named in any order; nothing is fitted."""
    recipe = load(path)
    chosen = _matched(path, recipe, folders)
    outcomes = [read(RunReader(folder)) for folder, _ in chosen]
    use = [predicted(folder, replace(wanted, checkpoint=file), report) for folder, file in chosen]
    names = heads(outcomes)
    require_same(names, [(item,) for item in use])
    if use[0].predictions.classes != recipe.classes:
        theirs, ours = ", ".join(recipe.classes), ", ".join(use[0].predictions.classes)
        raise _fault(path, f"is for the classes {theirs}, not {ours}", "name the runs that it was made with")
    heat = [item.temperature for item in recipe.members]
    members = tuple(map(member, names, outcomes, use, heat))
    said = [done(name, way, [item.predictions for item in use]) for name, way in recipe.ways]
    together = beside(said, use[recipe.best].predictions, use[recipe.nearest].predictions)
    return Ensemble(wanted.split, recipe.fitted, members, recipe.best, recipe.nearest, together)


def _matched(path: Path, recipe: Recipe, folders: Sequence[Path]) -> list[tuple[Path, str]]:
    """Each member's folder and checkpoint file, in the recipe's order. ConfigError names all that do not fit."""
    from trainer.revival import saved_in  # noqa: PLC0415 - torch only now

    there = {folder: {entry.sha256: entry.file for entry in saved_in(folder)} for folder in folders}
    needed = {item.sha256 for item in recipe.members}
    mend = "name the runs with these checkpoints: " + ", ".join(
        f"{one.run} ({one.checkpoint})" for one in recipe.members
    )
    problems = [
        Problem(str(folder), None, "", f"has none of the checkpoints of {path.name}", "leave it out")
        for folder, entries in there.items()
        if needed.isdisjoint(entries)
    ]
    found: list[tuple[Path, str]] = []
    for one in recipe.members:
        places = [(folder, entries[one.sha256]) for folder, entries in there.items() if one.sha256 in entries]
        if places:
            found.append(places[0])
        else:
            problems.append(Problem(str(path), None, "", f"no run here has the weights of its member {one.name}", mend))
    if problems:
        raise ConfigError(problems)
    return found


def _fault(path: Path, what: str, mend: str) -> ConfigError:
    return ConfigError([Problem(str(path), None, "", what, mend)])
