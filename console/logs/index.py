"""How many lines each chunk of a log has, known for one stretch of chunks that grows at both ends. Pure.

A log of a gigabyte is 16 thousand chunks: a number for each is all that is kept, so line numbers cost a bisection and
128 KiB. Numbers count from the first line of the stretch: lines that are added before it move the others.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class Spread:
    """Lines by chunk. The stretch begins empty, before the chunk `at`."""

    def __init__(self, at: int = 0) -> None:
        self._at = at
        self._front = array("q")  # lines in the chunks before `at`, summed going back
        self._back = array("q")  # lines in `at` and after it, summed going on

    @property
    def first(self) -> int:
        """The first chunk of the stretch."""
        return self._at - len(self._front)

    @property
    def end(self) -> int:
        """The chunk after its last."""
        return self._at + len(self._back)

    @property
    def count(self) -> int:
        """Lines in the stretch."""
        return self._before + (self._back[-1] if self._back else 0)

    @property
    def _before(self) -> int:
        return self._front[-1] if self._front else 0

    def add_front(self, counts: Sequence[int]) -> None:
        """Of chunks before the stretch, the nearest first."""
        total = self._before
        for count in counts:
            total += count
            self._front.append(total)

    def add_back(self, counts: Sequence[int]) -> None:
        """Of chunks behind it."""
        total = self._back[-1] if self._back else 0
        for count in counts:
            total += count
            self._back.append(total)

    def drop_back(self, chunk: int) -> None:
        """This chunk and all behind it are to be counted again."""
        del self._back[max(0, chunk - self._at) :]

    def find(self, line: int) -> tuple[int, int]:
        """The chunk of a line, and which of its lines it is."""
        assert 0 <= line < self.count, f"line {line} of {self.count}"
        behind = line - self._before
        if behind >= 0:
            place = bisect_right(self._back, behind)
            return self._at + place, behind - (self._back[place - 1] if place else 0)
        place = bisect_left(self._front, -behind)
        return self._at - 1 - place, self._front[place] + behind

    def number(self, chunk: int, ordinal: int) -> int:
        """The line that is that one of a chunk in the stretch; `ordinal` may be the chunk's count: the next line."""
        place = chunk - self._at
        if place >= 0:
            return self._before + (self._back[place - 1] if place else 0) + ordinal
        return self._before - self._front[-1 - place] + ordinal

    def counted(self, chunk: int) -> int:
        """How many lines a chunk of the stretch has."""
        place = chunk - self._at
        if place >= 0:
            return self._back[place] - (self._back[place - 1] if place else 0)
        place = -1 - place
        return self._front[place] - (self._front[place - 1] if place else 0)
