"""The filter language: words and fields, all of which must hold. No text can make it fail.

magvit            the worker, host, state, race or reason contains it (a regular expression)
!planned          … does not
state=failed      a field begins with the value; state=lost finds "lost the race"
host~gpu[12]      a field matches a regular expression
acc>0.8           a figure; a metric's name may be shortened while only one has those letters
"""

import re
import warnings
from collections.abc import Callable, Sequence

from console.fleet.cells import WorkerRow

Predicate = Callable[[WorkerRow], bool]
_TERM = re.compile(r"(?P<field>[A-Za-z_][\w./-]*)(?P<op>!=|!~|>=|<=|=|~|>|<)(?P<value>.+)\Z")
_TEXTS: dict[str, Callable[[WorkerRow], str]] = {
    "worker": lambda row: row.worker,
    "host": lambda row: row.host,
    "state": lambda row: row.state.name,
    "race": lambda row: row.race,
    "sweep": lambda row: row.lineage.of if row.lineage and row.lineage.kind == "sweep" else "",
    "study": lambda row: row.lineage.of if row.lineage and row.lineage.kind == "study" else "",
    "clone": lambda row: row.lineage.of if row.lineage and row.lineage.kind == "clone" else "",
    "reason": lambda row: row.state.detail,
    "run": lambda row: str(row.key or ""),
}
_FIGURES: dict[str, Callable[[WorkerRow], float | None]] = {
    "patience": lambda row: row.patience_left,
    "wait": lambda row: row.data_wait,
    "epoch": lambda row: row.epoch,
    "step": lambda row: row.step,
    "samples/s": lambda row: row.samples_per_s,
    "beat": lambda row: row.heartbeat_age,
    "eta": lambda row: row.eta_s,
    "criteria": lambda row: sum(item.passed is True for item in row.criteria),
}


def parse(text: str) -> Predicate:
    """A predicate from what was typed so far."""
    terms = [_term(word) for word in text.split() if word != "!"]
    return lambda row: all(term(row) for term in terms)


def problem(text: str, rows: Sequence[WorkerRow]) -> str:
    """What is wrong with it, for the person who types it; the first thing only."""
    metrics = {name for row in rows for name, _ in row.metrics}
    return next(filter(None, (_problem(word.removeprefix("!"), metrics) for word in text.split())), "")


def _problem(word: str, metrics: set[str]) -> str:
    found = _TERM.match(word)
    if found is None:
        return _flaw(word)
    name, op, value = found["field"], found["op"].removeprefix("!") or found["op"], found["value"]
    if name in _TEXTS:
        return _flaw(value) if op == "~" else "" if op == "=" else f"{name} is text: use {name}= or {name}~"
    near = sorted(metric for metric in metrics if name in metric)
    if name not in _FIGURES and name not in metrics:
        if not near:
            return f"no field or metric {name!r}: {', '.join(fields())} …"
        if len(near) > 1:
            return f"{name!r} could be {' or '.join(near[:3])}"
    try:
        float(value)
    except ValueError:
        return f"{name} is a figure: compare it with a number, not {value!r}"
    return f"{name} is a figure: use > < >= <= =" if op == "~" else ""


def _flaw(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except (re.error, OverflowError) as error:
        return f"no regular expression, searched for as it stands: {error}"
    return ""


def fields() -> list[str]:
    """Names of all fields but the metrics."""
    return [*_TEXTS, *_FIGURES]


def completion(text: str, rows: Sequence[WorkerRow]) -> str | None:
    """The text with its last word completed: a field's name, or a value that there is of it."""
    head, last = text[: len(text) - len(text.rsplit(" ", maxsplit=1)[-1])], text.rsplit(" ", maxsplit=1)[-1]
    bare = last.lstrip("!")
    head += last[: len(last) - len(bare)]
    name, sign, value = bare.partition("=")
    if not bare:
        return None
    if sign and name in _TEXTS:
        there = sorted({_TEXTS[name](row).replace(" ", "_") for row in rows} - {""})
        found = next((item for item in there if item.casefold().startswith(value.casefold())), None)
        return f"{head}{name}={found}" if found is not None else None
    names = {f"{item}{'=' if item in _TEXTS else '>'}" for item in fields()}
    names |= {f"{metric}>" for row in rows for metric, _ in row.metrics}
    found = next((item for item in sorted(names) if item.startswith(bare)), None)
    return None if found is None or found == bare else head + found


def _term(word: str) -> Predicate:
    if word.startswith("!") and len(word) > 1:
        inner = _term(word[1:])
        return lambda row: not inner(row)
    found = _TERM.match(word)
    if found is None:
        pattern = _pattern(word)
        return lambda row: pattern.search(_everything(row)) is not None
    return _field(found["field"], found["op"], found["value"])


def _field(name: str, op: str, value: str) -> Predicate:
    if op.startswith("!"):
        inner = _field(name, op[1:], value)
        return lambda row: not inner(row)
    if name in _TEXTS:
        return _text_field(_TEXTS[name], op, value)
    try:
        limit = float(value)
    except ValueError:
        return lambda row: False
    return lambda row: _compare(_figure(row, name), op, limit)


def _text_field(get: Callable[[WorkerRow], str], op: str, value: str) -> Predicate:
    if op == "~":
        pattern = _pattern(value)
        return lambda row: pattern.search(get(row)) is not None
    if op == "=":
        wanted = value.replace("_", " ").casefold()
        return lambda row: get(row).casefold().startswith(wanted)
    return lambda row: False


def _figure(row: WorkerRow, name: str) -> float | None:
    if name in _FIGURES:
        return _FIGURES[name](row)
    metrics = dict(row.metrics)
    names = [name] if name in metrics else [metric for metric in metrics if name in metric]
    return metrics[names[0]].value if len(names) == 1 else None


def _compare(figure: float | None, op: str, limit: float) -> bool:
    if figure is None:
        return False
    match op:
        case ">":
            return figure > limit
        case "<":
            return figure < limit
        case ">=":
            return figure >= limit
        case "<=":
            return figure <= limit
        case _:
            return figure == limit


def _everything(row: WorkerRow) -> str:
    return " ".join((row.worker, row.host, row.state.name, row.race, row.state.detail))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # half-typed sets such as [[
            return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError):
        return re.compile(re.escape(text), re.IGNORECASE)
