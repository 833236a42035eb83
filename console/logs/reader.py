"""A log that is being looked at: the whole of it, what of it is wanted, and what is searched for. For any view of it.

`tick` looks for growth; `next_errand` says what to find out next, for a thread; everything else is answered at once.
One pattern is in force at a time: either only its lines are shown, or all lines with the found ones marked.
"""

from collections.abc import Callable
from typing import Literal

from console.logs.ansi import shown
from console.logs.errand import Errand, Outcome
from console.logs.filter import FilterSource
from console.logs.match import Matcher
from console.logs.since import Place, newest, since
from console.logs.source import Source
from console.logs.traces import MOST, Traces, block_length

Mode = Literal["only", "mark"]
SPANS = (1, 5, 15, 60, 0)  # minutes; 0: all


class Reader:
    """One log, or several merged."""

    def __init__(self, base: Source) -> None:
        self.base = base
        self.mode: Mode = "only"
        self.found: FilterSource | None = None  # lines with the pattern
        self.minutes = 0
        self.since_time: float | None = None
        self._since: Place = (0, 0)
        self._wanted: Callable[[], None] | None = None  # begin of the last minutes, not yet looked for
        self._all: FilterSource | None = None  # all lines since then
        self._traces: FilterSource | None = None
        self._turn = 0
        self._version = base.version

    @property
    def view(self) -> Source:
        """The lines to show."""
        if self.found is not None and self.mode == "only":
            return self.found
        return self._all or self.base

    @property
    def matcher(self) -> Matcher | None:
        """The pattern in force."""
        return self.found.matcher if self.found is not None else None

    def look_for(self, text: str, mode: Mode) -> None:
        """Another pattern; none when empty. `Bad` for one that is none: then everything stays."""
        matcher = Matcher(text) if text.removeprefix("!") else None
        self.mode = mode
        if matcher is None:
            self.found = None
        elif self.matcher is None or self.matcher.text != text:
            self.found = FilterSource(self.base, matcher, self._since)

    def tick(self, now: float) -> bool:
        """Look for growth; True when something is to be shown."""
        grown = self.base.grow(now)
        if self.base.version != self._version:
            self._version = self.base.version
            self._since, self.minutes, self._all = (0, 0), 0, None
        for each in self._derived():
            if grown:
                each.grew()
            each.grow(now)
        return grown

    def next_errand(self) -> Errand | None:
        """What to find out next: everything in turn."""
        if self._wanted is not None:
            self._wanted = None
            minutes, version = self.minutes, self.base.version
            return lambda: self._look_since(minutes, version)
        sources: list[Source] = [self.base, *self._derived()]
        for step in range(len(sources)):
            errand = sources[(self._turn + step) % len(sources)].errand()
            if errand is not None:
                self._turn += step + 1
                return errand
        return None

    @property
    def share(self) -> float:
        """How much has been looked at, of what is being looked at."""
        return min(each.share for each in (self.base, *self._derived()))

    def last_minutes(self, minutes: int) -> None:
        """Show what is not older; 0: all."""
        self.minutes = minutes
        if not minutes:
            self._begin_at((0, 0), None)
        else:
            self._wanted = lambda: None

    def match(self, line: int, step: int) -> int | None:
        """The next line of the view that is found, going `step`; None when there is none (yet)."""
        view, found = self.view, self.found
        if found is None or not view.count:
            return None
        if view is found:
            return line + step if 0 <= line + step < view.count else None
        chunk, ordinal = view.place(line)
        if not found.known(chunk):
            return None
        here = found.number(chunk, ordinal + 1) if step > 0 else found.number(chunk, ordinal) - 1
        if not 0 <= here < found.count:
            return None
        there = found.place(here)
        return view.number(*there) if view.known(there[0]) else None

    def match_number(self, line: int) -> int:
        """How many found lines there are up to this one of the view."""
        view, found = self.view, self.found
        if found is None or not 0 <= line < view.count:
            return 0
        chunk, ordinal = view.place(line)
        return found.number(chunk, ordinal + 1) if found.known(chunk) else 0

    def look_for_traces(self) -> bool:
        """Begin to look for tracebacks; True when all are known."""
        if self._traces is None or self._traces.since != self._since:
            self._traces = FilterSource(self.base, Traces(), self._since)
        return self._traces.whole

    def trace(self, after: int | None) -> tuple[int, int] | None:
        """The first traceback of the view behind a line, else the first of all: where it begins and ends."""
        traces, view = self._traces, self.view
        if traces is None or not view.count:
            return None
        numbers = self._trace_numbers()
        if not numbers:
            return None
        begin = next((number for number in numbers if after is None or number > after), numbers[0])
        lines = view.lines(begin, begin + MOST)
        own = [n for n, line in enumerate(lines) if line.origin == lines[0].origin]
        length = block_length([shown(lines[n].raw) for n in own])
        return begin, begin + own[max(0, length - 1)] + 1

    @property
    def traces(self) -> int:
        """How many are known."""
        return self._traces.count if self._traces is not None else 0

    def close(self) -> None:
        """Give the files back."""
        self.base.close()

    def _trace_numbers(self) -> list[int]:
        """Of the view's lines, those that begin a traceback; one that another led to is part of it."""
        traces, view = self._traces, self.view
        assert traces is not None
        numbers: list[int] = []
        end = 0
        for n in range(traces.count):
            place = traces.place(n)
            if not view.known(place[0]):
                continue
            number = view.number(*place)
            if number >= view.count or (numbers and number < end):
                continue
            if view is self.found and view.place(number) != place:
                continue
            texts = [shown(line.raw) for line in view.lines(number, number + MOST)]
            end = number + block_length(texts)
            numbers.append(number)
        return numbers

    def _derived(self) -> list[FilterSource]:
        return [each for each in (self._all, self.found, self._traces) if each is not None]

    def _look_since(self, minutes: int, version: int) -> Outcome:
        place, last = since(self.base, minutes * 60), newest(self.base)

        def take() -> None:
            if version == self.base.version and minutes == self.minutes:
                self._begin_at(place or (0, 0), None if last is None else last - minutes * 60)

        return take

    def _begin_at(self, place: Place, when: float | None) -> None:
        self._since, self.since_time = place, when
        self._all = FilterSource(self.base, None, place) if place != (0, 0) else None
        if self.found is not None and self.found.matcher is not None:
            self.found = FilterSource(self.base, self.found.matcher, place)
