"""Rows of the screen → what could be told. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from console.fleet.cells import Advice, HostRow, RaceView, WorkerRow

LEVELS = ("note", "warning", "error")
_AMOUNT = re.compile(r"\d[\d.,:]*(\s?(%|[A-Za-z]{1,5}\b))?")
_ENDS = {"finished": "note", "criteria met": "note", "lost the race": "note", "stopped": "note"}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is so now. `key` stays the same while its figures change."""

    key: str
    who: str
    what: str
    proof: str = ""
    mend: str = ""
    level: str = "warning"
    at_once: bool = False  # a fact that does not come and go: an end, a winner

    def to_json(self) -> dict[str, object]:
        """As it is kept and sent."""
        found = {"who": self.who, "what": self.what, "proof": self.proof, "mend": self.mend, "level": self.level}
        return {"key": self.key, **found}


def notices(hosts: Iterable[HostRow], workers: Iterable[WorkerRow], races: Iterable[RaceView]) -> tuple[Notice, ...]:
    """Everything that could be told, one notice a key."""
    found: dict[str, Notice] = {}
    for item in (*_of_races(races), *_of_workers(workers), *_of_hosts(hosts)):
        found.setdefault(item.key, item)
    return tuple(found.values())


def kind(what: str) -> str:
    """What a finding is about, without its figures: "no progress for 11 min" and "… 12 min" are one."""
    return _AMOUNT.sub("#", what)


def _of_workers(workers: Iterable[WorkerRow]) -> Iterator[Notice]:
    for row in workers:
        run = row.key.run if row.key is not None else "planned"
        name = row.state.name
        if name in _ENDS and row.key is not None:
            what = name if name != "finished" else "finished"
            yield Notice(f"{row.host}/{run}/end {name}", row.worker, what, row.state.detail, level="note", at_once=True)
        over = not row.state.live and row.key is not None
        for item in row.advice:
            if item.level != "note":
                yield _advice(f"{row.host}/{run}", row.worker, item, at_once=over)


def _of_hosts(hosts: Iterable[HostRow]) -> Iterator[Notice]:
    for row in hosts:
        for item in row.advice:
            if item.level != "note":
                yield _advice(f"{row.name}/", row.name, item)


def _of_races(races: Iterable[RaceView]) -> Iterator[Notice]:
    for race in races:
        if race.winner:
            who = f"race {race.name}"
            # by its winner: a host that comes back may have had an earlier one, and then that is news
            yield Notice(
                f"race/{race.id}/{race.winner}", who, f"won by {race.winner}", race.picture, level="note", at_once=True
            )


def _advice(where: str, who: str, item: Advice, *, at_once: bool = False) -> Notice:
    return Notice(f"{where}/{kind(item.what)}", who, item.what, item.proof, item.mend, item.level, at_once)
