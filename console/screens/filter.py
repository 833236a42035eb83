"""The filter language: words and fields, all of which must hold. Pure; no text can make it fail.

magvit            the worker, host, state, race or reason contains it (a regular expression)
!planned          … does not
state=failed      a field begins with the value; state=lost finds "lost the race"
host~gpu[12]      a field matches a regular expression
acc>0.8           a figure; a metric's name may be shortened while only one has those letters
"""

import re
import warnings
from collections.abc import Callable

from console.fleet.cells import WorkerRow

Predicate = Callable[[WorkerRow], bool]
_TERM = re.compile(r"(?P<field>[A-Za-z_][\w./-]*)(?P<op>!=|!~|>=|<=|=|~|>|<)(?P<value>.+)\Z")
_TEXTS: dict[str, Callable[[WorkerRow], str]] = {
    "worker": lambda row: row.worker,
    "host": lambda row: row.host,
    "state": lambda row: row.state.name,
    "race": lambda row: row.race,
    "reason": lambda row: row.state.detail,
    "run": lambda row: str(row.key or ""),
}
_FIGURES: dict[str, Callable[[WorkerRow], float | None]] = {
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
