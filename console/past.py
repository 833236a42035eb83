"""Runs of years, searched: the filter language of the screen; besides

since:7d before:2026-01-31   when it began: a span back from now, or a date
tag:paper note:good          what people said of it
by=user1 commit~^0a1b        a text of its origin: who started it, from where, with which code, out of what

with ! for the opposite. What can match nothing by its form is an error that names the word. Pure.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from console import spans
from console.fleet.cells import State, Trend, WorkerRow
from console.fleet.model import RunKey
from console.history import Entry
from console.labels import Label
from console.screens import filter as rows
from trainer.schema import ConfigError, Problem, nearest

Predicate = Callable[[Entry], bool]
_FIELD = re.compile(r"(?P<name>[A-Za-z_][\w./-]*)(?P<op>!=|!~|>=|<=|=|~|>|<)(?P<value>.+)\Z")
_COLON = re.compile(r"(?P<name>[A-Za-z]+):(?P<value>.*)\Z", re.DOTALL)
_LABELS = ("since", "before", "tag", "note")
_TEXTS = ("worker", "host", "state", "race", "reason", "run")


def parse(words: Sequence[str], labels: Mapping[str, Label], now: float, entries: Sequence[Entry]) -> Predicate:
    """A predicate for these runs; ConfigError with the mend for words that are none."""
    known, parts = _Known(entries), [part for word in words for part in _parts(word)]
    parts.sort(key=lambda part: _COLON.match(part.removeprefix("!")) is None)  # what costs least rules out first
    terms = [_term(part, labels, now, known) for part in parts]
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


class _Known:
    """What names there are in these runs."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        figures = {frozenset((*entry.metrics, *entry.best)) for entry in entries}  # few kinds of runs, however many
        self._kinds = sorted(figures, key=sorted)
        self.figures = frozenset[str]().union(*figures)
        self.origin = {name for keys in {tuple(entry.origin) for entry in entries} for name in keys}
        self.any = bool(entries)

    def ambiguous(self, name: str) -> list[str]:
        """Figures of one run that a name which is none could mean."""
        near = ([other for other in sorted(kind) if name in other] for kind in self._kinds if name not in kind)
        return next((names for names in near if len(names) > 1), [])


def _parts(word: str) -> Iterator[str]:
    """A shell's word may hold several of ours; a note is searched for with its spaces."""
    if word.removeprefix("!").startswith("note:"):
        yield word
    else:
        yield from (part for part in word.split() if part != "!")


def _term(word: str, labels: Mapping[str, Label], now: float, known: _Known) -> Predicate:
    bare = word.removeprefix("!")
    colon = _COLON.match(bare)
    if colon is not None and colon["name"] in _LABELS:
        wanted = _label(word, colon["name"], colon["value"], labels, now)
    elif (found := _FIELD.match(bare)) is not None:
        wanted = _field(word, found, known)
    else:
        if colon is not None:
            _check_colon(word, colon)
        _check_pattern(word, bare)
        text = rows.parse(bare)
        wanted = lambda entry: text(row_of(entry)) or bare in entry.run  # noqa: E731
    return wanted if bare == word else lambda entry: not wanted(entry)


def _label(word: str, name: str, value: str, labels: Mapping[str, Label], now: float) -> Predicate:
    if name in ("since", "before"):
        limit = _moment(word, value, now)
        return lambda entry: ((entry.started or entry.seen) >= limit) is (name == "since")
    if not value:
        raise _wrong(word, f"{name}: names nothing", f"write {name}:TEXT")
    if name == "note":
        return lambda entry: value.casefold() in labels.get(key_of(entry), Label()).note.casefold()
    return lambda entry: value in labels.get(key_of(entry), Label()).tags


def _field(word: str, found: "re.Match[str]", known: _Known) -> Predicate:
    name, op, value = found["name"], found["op"], found["value"]
    if name in _TEXTS or name in known.origin:
        if op not in ("=", "!=", "~", "!~"):
            raise _wrong(word, f"{name} is text", f"use {name}= or {name}~")
        if op.endswith("~"):
            _check_pattern(word, value)
        if name in _TEXTS and name != "run":
            text = rows.parse(f"{name}{op}{value}")
            return lambda entry: text(row_of(entry))
        text = rows.parse(f"worker{op}{value}")
        return lambda entry: text(_row(entry.run if name == "run" else entry.origin.get(name, "")))
    _check_figure(word, name, op, value, known)
    figure = rows.parse(f"{name}{op}{value}")
    return lambda entry: figure(row_of(entry))


def _row(text: str) -> WorkerRow:
    """What any text is compared as: a worker's name."""
    return WorkerRow(worker=text, host="", key=None, state=State("", ""))


def _check_figure(word: str, name: str, op: str, value: str, known: _Known) -> None:
    if name != "epoch" and known.any and not any(name in other for other in known.figures):
        names = [*_TEXTS, "epoch", *sorted(known.figures), *sorted(known.origin)]
        raise _wrong(word, f"no run has a field or figure {name!r}", nearest(name, names))
    several = known.ambiguous(name) if name != "epoch" else []
    if several:
        raise _wrong(word, f"{name!r} could be {' or '.join(several[:3])}", "write more of its name")
    if op.endswith("~"):
        raise _wrong(word, f"{name} is a figure", "use > < >= <= or =")
    try:
        float(value)
    except ValueError:
        raise _wrong(word, f"{name} is a figure", f"compare it with a number, not {value!r}") from None


def _check_colon(word: str, found: "re.Match[str]") -> None:
    """Not every word with a colon is a term; one that looks like a misspelt one is not searched for in silence."""
    mend = nearest(found["name"], _LABELS)
    if mend.startswith("did you mean") or spans.is_span(found["value"]):
        raise _wrong(word, f"{found['name']}: is no term", mend)


def _check_pattern(word: str, pattern: str) -> None:
    flaw = rows.problem(f"worker~{pattern}", ())
    if flaw:
        raise _wrong(
            word, flaw.replace(", searched for as it stands", ""), "put \\ before signs that stand for themselves"
        )


def _moment(word: str, text: str, now: float) -> float:
    if spans.is_span(text):
        return now - spans.parse(text)
    try:
        return time.mktime(time.strptime(text, "%Y-%m-%d"))
    except (ValueError, OverflowError):
        raise _wrong(word, f"{text!r} is no time", "write it as 30m, 12h, 7d, 4w, 1y or 2026-01-31") from None


def _wrong(word: str, what: str, mend: str) -> ConfigError:
    return ConfigError([Problem("trajconsole history", None, word, what, mend)])
