"""Runs of years, searched: the filter language of the screen, and since:, before:, tag: and note:. Pure."""

import re
from collections.abc import Callable, Mapping

from console.fleet.cells import State, Trend, WorkerRow
from console.fleet.model import RunKey
from console.history import Entry
from console.labels import Label
from console.screens import filter as rows

Predicate = Callable[[Entry], bool]
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(m|h|d|w|y)")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31557600.0}


def parse(words: list[str], labels: Mapping[str, Label], now: float) -> Predicate:
    """A predicate; ValueError with the mend for a time that is none."""
    own = [word for word in words if word.partition(":")[0] in ("since", "before", "tag", "note", "!tag")]
    terms = [_term(word, labels, now) for word in own]
    terms += [_row_term(word) for word in " ".join(word for word in words if word not in own).split()]
    return lambda entry: all(term(entry) for term in terms)


def key_of(entry: Entry) -> str:
    """As labels name it."""
    return f"{entry.host}:{entry.run}"


def row_of(entry: Entry) -> WorkerRow:
    """The entry as a row of the screen."""
    values = {name: Trend(entry.metrics.get(name, best), best) for name, best in entry.best.items()}
    values |= {name: Trend(value, entry.best.get(name)) for name, value in entry.metrics.items()}
    return WorkerRow(
        worker=entry.worker,
        host=entry.host,
        key=RunKey(entry.host, entry.run),
        state=State(entry.state, "", entry.detail),
        race=entry.race,
        epoch=entry.epoch,
        epochs=entry.epochs,
        metrics=tuple(values.items()),
    )


def span(text: str) -> float:
    """Seconds of "7d"."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time: write it as 30m, 12h, 7d, 4w or 1y")
    return float(found[1]) * _SECONDS[found[2]]


def _row_term(word: str) -> Predicate:
    """A term of the screen; and a run by its name, which no row shows."""
    wanted = rows.parse(word)
    return lambda entry: wanted(row_of(entry)) or (not word.startswith("!") and word in entry.run)


def _term(word: str, labels: Mapping[str, Label], now: float) -> Predicate:
    name, _, value = word.partition(":")
    if name in ("since", "before"):
        limit = now - span(value)
        return lambda entry: ((entry.started or entry.seen) >= limit) is (name == "since")
    if name == "note":
        return lambda entry: value.casefold() in labels.get(key_of(entry), Label()).note.casefold()
    return lambda entry: (value in labels.get(key_of(entry), Label()).tags) is (name == "tag")
