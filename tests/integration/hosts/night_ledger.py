"""What was injected in a night, what was told of it, and the table of both. A letter without a cause: a false alarm."""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TOLD_AFTER_S = 25.0  # a fault that a watch could see for less than about `book.HOLD_S` must not be told
SETTLING_S = 60.0  # after a line is mended it may take so long to be heard again, on a busy machine


@dataclass
class Letter:
    """One alert, as the webhook got it."""

    about: dict[str, Any]
    arrived: float
    cause: "Cause | None" = None

    @property
    def who(self) -> str:
        return str(self.about["who"])

    @property
    def what(self) -> str:
        return str(self.about["what"])

    @property
    def over(self) -> bool:
        return self.about["over"] is True

    @property
    def since(self) -> float:
        return datetime.fromisoformat(self.about["since"]).timestamp()

    def __str__(self) -> str:
        return f"{'over: ' if self.over else ''}{self.who}: {self.what}"


@dataclass
class Cause:
    """Something that was done, or that had to come. `told`: who → a pattern of the words of its one letter; nothing for
    what must not be told. `also`: what may be told beside that, once. `line`: it cuts one, which is what is told.
    """

    what: str
    where: str
    began: float
    told: dict[str, str] = field(default_factory=dict)
    line: bool = False
    also: dict[str, str] = field(default_factory=dict)
    ended: float | None = None
    seen_for: float | None = None  # how long a waking watch was without the line
    letters: list[Letter] = field(default_factory=list)

    def takes(self, letter: Letter) -> bool:
        if self.line:
            over = self.ended is None or letter.since <= self.ended + SETTLING_S
            return letter.who == self.where and letter.what == "unreachable" and self.began - 2 <= letter.since and over
        return letter.arrived >= self.began and (_fits(self.told, letter) or _fits(self.also, letter))

    @property
    def problem(self) -> str:
        """Why the telling was not right."""
        first = [letter for letter in self.letters if not letter.over]
        for who, pattern in self.told.items():
            count = sum(_fits({who: pattern}, letter) for letter in first)
            if count != 1:
                return f"told {count} times of {who} instead of once ({pattern})"
        if len({(letter.who, letter.what) for letter in first}) < len(first):
            return f"told twice: {', '.join(map(str, first))}"
        if self.also:
            return ""
        if not self.told and first and (self.seen_for is None or self.seen_for < TOLD_AFTER_S):
            return f"told, although it was seen for only {self.seen_for} s: {first[0]}"
        return ""


def _fits(patterns: dict[str, str], letter: Letter) -> bool:
    return letter.who in patterns and re.search(patterns[letter.who], letter.what) is not None


class Ledger:
    """Of one night."""

    def __init__(self) -> None:
        self.began = time.time()
        self.causes: list[Cause] = []

    def add(self, what: str, where: str, told: dict[str, str] | None = None, *, line: bool = False) -> Cause:
        cause = Cause(what, where, time.time(), told or {}, line)
        self.causes.append(cause)
        return cause

    def match(self, letters: Iterable[Letter]) -> list[str]:
        """Every letter to its cause, the latest that fits; what is wrong, in sentences."""
        problems = []
        for cause in self.causes:
            cause.letters.clear()
        seen: list[dict[str, Any]] = []
        for letter in letters:
            if letter.about in seen:  # the same letter again: the watch was killed before it knew that it had arrived
                continue
            seen.append(letter.about)
            fitting = [cause for cause in self.causes if cause.takes(letter)]
            letter.cause = max(fitting, key=lambda cause: cause.began, default=None)
            if letter.cause is None:
                problems.append(f"a false alarm at {self.clock(letter.arrived)}: {letter} {letter.about}")
            else:
                letter.cause.letters.append(letter)
        return problems + [f"{cause.what}, {cause.where}: {cause.problem}" for cause in self.causes if cause.problem]

    def clock(self, moment: float) -> str:
        minutes, seconds = divmod(max(0, round(moment - self.began)), 60)
        return f"{minutes}:{seconds:02}"

    def table(self) -> list[str]:
        """Markdown."""
        rows = [_HEAD, "|---|---|---:|---|---:|---:|"]
        for cause in sorted(self.causes, key=lambda cause: cause.began):
            rows += self._rows(cause)
        return rows

    def _rows(self, cause: Cause) -> list[str]:
        when = self.clock(cause.began)
        if cause.ended is not None:
            when += f"–{self.clock(cause.ended)}"
        if not cause.letters:
            said = "nothing" if cause.also else "nothing, as it should be"
            return [_row(cause.what, cause.where, when, said, "", "")]
        found = []
        for letter in cause.letters:
            since = (cause.ended or cause.began) if letter.over else cause.began
            delay = f"{max(0, round(letter.arrived - since))} s"
            found.append(_row(cause.what, cause.where, when, str(letter), self.clock(letter.arrived), delay))
        return found


_HEAD = "| injected | where | when | reported as | when | delay |"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def away(spans: Sequence[tuple[float, float]]) -> float:
    """Seconds in all."""
    return sum(end - begin for begin, end in spans)
