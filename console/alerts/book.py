"""What was told, and what waits to be: a pure step from one look to the next, with hysteresis.

A notice is told when it has held for `HOLD_S`, so that a hiccup is none; it is over when it has been away for
`CLEAR_S`, so that one that flickers is told once. What is a fact (an end, a winner) is told at once and once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from console.alerts.notices import Notice

HOLD_S = 30.0
CLEAR_S = 120.0
FORGET_S = 7 * 86400.0  # facts of runs that nobody shows any more


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice over time."""

    since: float  # first seen, without being away for long
    seen: float  # last seen
    told: float | None = None
    cleared: bool = False  # and that was told, too


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to deliver. `over`: what had been told is so no more."""

    notice: Notice
    time: float
    since: float
    over: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """By the notices' keys."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)  # as they were last seen, to tell that they are over

    def step(self, found: Iterable[Notice], now: float, *, hold: float = HOLD_S) -> "tuple[Book, tuple[Alert, ...]]":
        """The book after a look, and what is to be told now."""
        entries, notices, alerts = dict(self.entries), dict(self.notices), list[Alert]()
        for item in found:
            old = entries.get(item.key)
            fresh = old is None or (not item.at_once and now - old.seen > CLEAR_S)
            entry = Entry(now, now) if fresh or old is None else replace(old, seen=now)
            if entry.told is None and (item.at_once or now - entry.since >= hold):
                entry = replace(entry, told=now)
                alerts.append(Alert(item, now, entry.since))
            entries[item.key], notices[item.key] = entry, item
        for key, entry in list(entries.items()):
            item = notices[key]
            if now - entry.seen > FORGET_S or (entry.told is None and now - entry.seen > CLEAR_S):
                del entries[key], notices[key]
            elif entry.told is not None and not entry.cleared and not item.at_once and now - entry.seen > CLEAR_S:
                alerts.append(Alert(item, now, entry.since, over=True))
                del entries[key], notices[key]
        return Book(entries, notices), tuple(alerts)

    def accepting(self, found: Iterable[Notice], now: float) -> "Book":
        """A first look: facts of long ago are known, not news."""
        return Book().knowing((item for item in found if item.at_once), now)

    def knowing(self, found: Iterable[Notice], now: float) -> "Book":
        """These as well, as if they had been told."""
        new = {item.key: item for item in found}
        told = {key: Entry(now, now, told=now) for key in new}
        return Book({**self.entries, **told}, {**self.notices, **new}) if new else self

    def to_json(self) -> dict[str, Any]:
        """As it is kept on the disk."""
        return {
            key: {"since": entry.since, "seen": entry.seen, "told": entry.told, **self.notices[key].to_json()}
            | {"at_once": self.notices[key].at_once}
            for key, entry in self.entries.items()
        }


def merged(mine: Book, theirs: Book) -> Book:
    """What either has told is told."""
    known = {key: entry for key, entry in theirs.entries.items() if key not in mine.entries or entry.told is not None}
    notices = {key: theirs.notices[key] for key in known}
    return Book({**mine.entries, **known}, {**mine.notices, **notices})


def from_json(data: Mapping[str, Any]) -> Book:
    """Whatever of it can be read."""
    entries, notices = {}, {}
    for key, row in data.items():
        if not isinstance(row, Mapping):
            continue
        since, seen, told = row.get("since"), row.get("seen"), row.get("told")
        words = {name: row.get(name) for name in ("who", "what", "proof", "mend", "level")}
        if not isinstance(since, int | float) or not isinstance(seen, int | float):
            continue
        if not all(isinstance(word, str) for word in words.values()):
            continue
        entries[key] = Entry(since, seen, told if isinstance(told, int | float) else None)
        notices[key] = Notice(key, **{k: str(v) for k, v in words.items()}, at_once=row.get("at_once") is True)
    return Book(entries, notices)
