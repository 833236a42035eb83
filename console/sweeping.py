"""[sweeps.NAME]: one worker and many values → a worker for each combination, under a name that tells its values. Pure.

A name depends on nothing but the sweep and the values: a value more in the grid renames nobody.
"""

import dataclasses
import hashlib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from console.editing.text import put_inside
from trainer.schema import Problem, Source, nearest

if TYPE_CHECKING:
    from console.config import Config, SweepConfig, WorkerConfig

MOST = 1000  # workers of one sweep
_LONGEST = 40
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

Values = dict[str, Any]


def flat(table: Mapping[str, Any], at: str = "") -> Values:
    """`optim.lr = …` without quotes is a table in a table: the same as "optim.lr" = …."""
    found: Values = {}
    for key, value in table.items():
        name = f"{at}.{key}" if at else str(key)
        found |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def size(sweep: "SweepConfig") -> int:
    """How many workers it makes."""
    if sweep.list:
        return len(sweep.list)
    return math.prod(len(values) if isinstance(values, list) else 1 for values in flat(sweep.grid).values())


def combinations(sweep: "SweepConfig") -> list[Values]:
    """The values of each of its workers; of a grid the last key changes fastest."""
    if sweep.list:
        return [flat(item) for item in sweep.list]
    grid = flat(sweep.grid)
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def names(sweep: str, found: Sequence[Values]) -> list[str]:
    """What its workers are called: as rates-lr0_01-width16, shorter where that is too long, and never two alike."""
    wanted = [_name(sweep, values) for values in found]
    times = Counter(wanted)
    return [name if times[name] == 1 else _numbered(sweep, values) for name, values in zip(wanted, found, strict=True)]


def expanded(config: "Config") -> "Config":
    """With the workers of all sweeps; a race may name a sweep in place of its workers. Only when nothing is wrong."""
    workers, origins = dict(config.workers), {name: _cloned(worker) for name, worker in config.workers.items()}
    members: dict[str, tuple[str, ...]] = {}
    for name, sweep in config.sweeps.items():
        found = combinations(sweep)
        members[name] = tuple(names(name, found))
        base = config.workers[sweep.worker]
        for number, (worker, values) in enumerate(zip(members[name], found, strict=True)):
            workers[worker] = _member(base, sweep, values, number)
            origins[worker] = {**_cloned(base), "sweep": {"name": name, "worker": sweep.worker, "values": values}}
    races = {
        name: dataclasses.replace(race, workers=tuple(itertools.chain(*(members.get(w, (w,)) for w in race.workers))))
        for name, race in config.races.items()
    }
    kept = {name: origin for name, origin in origins.items() if origin}
    return dataclasses.replace(config, workers=workers, races=races, origins=kept)


def problems(config: "Config", source: Source) -> Iterator[Problem]:
    """All that is wrong with the sweeps of a configuration."""
    taken = dict.fromkeys(config.workers, "a worker") | dict.fromkeys(config.races, "a race")
    for name, sweep in config.sweeps.items():
        at = f"sweeps.{name}"
        if name in taken:
            yield source.problem(at, f"{taken[name]} is called so too", "another name")
        base = config.workers.get(sweep.worker)
        if base is None:
            mend = nearest(sweep.worker, list(config.workers))
            yield source.problem(f"{at}.worker", f"unknown worker {sweep.worker!r}", mend)
            continue
        for host in sweep.hosts:
            if host not in config.hosts:
                yield source.problem(f"{at}.hosts", f"unknown host {host!r}", nearest(host, list(config.hosts)))
        wrong = list(_value_problems(sweep, base))
        yield from (source.problem(f"{at}.{key}", *rest) for key, *rest in wrong)
        if not wrong:
            found = combinations(sweep)
            for worker in names(name, found):
                if worker in taken:
                    yield source.problem(at, f"makes the worker {worker!r}, which is there already", "another name")
                taken[worker] = f"a worker of sweep {name}"


def with_values(worker: "WorkerConfig", values: Mapping[str, Any]) -> "WorkerConfig":
    """The worker with these settings of its trainer; of a command, with these environment variables."""
    if worker.command:
        env = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
        return dataclasses.replace(worker, env={**worker.env, **env})
    nested: Values = {}
    for key, value in {**flat(worker.set), **values}.items():
        nested = put_inside(nested, key.split("."), value)
    return dataclasses.replace(worker, set=nested)


def _value_problems(sweep: "SweepConfig", base: "WorkerConfig") -> Iterator[tuple[str, str, str]]:
    rows = [flat(item) for item in sweep.list]
    for key, values in flat(sweep.grid).items():
        if not isinstance(values, list) or not values:
            yield f"grid.{key}", f"{values!r} is no list of values", 'as in "optim.lr" = [0.1, 0.01]'
        elif any(value in values[:at] for at, value in enumerate(values)):
            yield f"grid.{key}", "names a value twice", "each value once"
    if any(not row or row in rows[:at] for at, row in enumerate(rows)):
        yield "list", "has an empty combination, or one twice", "each combination once"
    keys = [*flat(sweep.grid), *(key for row in rows for key in row)]
    for key in dict.fromkeys(keys):
        if base.command and not _VARIABLE.match(key):
            mend = f"of the command {sweep.worker} environment variables are set, as LR"
            yield ("list" if rows else f"grid.{key}"), f"{key!r} is no name of a variable", mend
    if size(sweep) > MOST:
        yield ("list" if rows else "grid"), f"makes {size(sweep)} workers", f"{MOST} at most; fewer values"


def _member(base: "WorkerConfig", sweep: "SweepConfig", values: Values, number: int) -> "WorkerConfig":
    host = sweep.hosts[number % len(sweep.hosts)] if sweep.hosts else base.host
    return dataclasses.replace(with_values(base, values), host=host, gpus=sweep.gpus or base.gpus)


def _cloned(worker: "WorkerConfig") -> dict[str, Any]:
    """What the runs of a clone say of that."""
    if not worker.cloned_from:
        return {}
    return {"clone": {"of": worker.cloned_from, "values": flat(worker.cloned_with)}}


def _name(sweep: str, values: Values) -> str:
    whole = "-".join([sweep, *(_said(key, _word(value)) for key, value in values.items())])
    if len(whole) <= _LONGEST:
        return whole
    short = "-".join([sweep, *(_word(value) for value in values.values())])
    return short if len(short) <= _LONGEST else _numbered(sweep, values)


def _said(key: str, word: str) -> str:
    """lr0_01, kind_adam"""
    return f"{_word(key.rpartition('.')[2])}{'_' if word[0].isalpha() else ''}{word}"


def _word(value: Any) -> str:
    """A value in the letters that a name may have: a point is an underscore, a minus an m."""
    if isinstance(value, bool):
        return "on" if value else "off"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = re.sub(r"(?<![A-Za-z0-9])-(?=[0-9.])", "m", text).replace("+", "")
    return re.sub(r"[^A-Za-z0-9-]+", "_", text).strip("_") or "none"


def _numbered(sweep: str, values: Values) -> str:
    """Where values do not tell them apart: a number that they give."""
    text = json.dumps(values, sort_keys=True, default=str)
    return f"{sweep[:30]}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
