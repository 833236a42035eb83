"""When a line was written: its own time stamp, else when it came. Stamps of many shapes; hosts of any time zone.

A stamp without a zone is laid onto the clock by what is known of its log: when the run began (stamps differ from it by
whole quarter hours), or this machine's own zone. A stamp without a date takes the day that fits its neighbours.
"""

import re
import time
from bisect import bisect_left
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from console.logs.reading import Readable

_STAMP = re.compile(
    rb"""
    (?: \x1b\[ [\d;]{0,16} m | [\s\[(<|] | [IWEFD](?=\d{4}[ ]\d\d:) | [A-Z]{4,8}[: ] ){0,8}
    (?: (?P<date>\d{4}[-/]?\d\d[-/]?\d\d) [T_ ] | (?P<short>\d{4}) [ ] )?
    (?P<day>\d\d:\d\d:\d\d) (?: [.,] (?P<part>\d{1,9}) )? \s? (?P<zone>Z|[+-]\d\d:?\d\d(?!\d))?
    """,
    re.VERBOSE,
)
_HEAD = 64 * 1024
_DAY = 86400
_QUARTER = 900
_ZONES = 15 * 3600  # no clock is further from another
_NOTES = 4096


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a line says: seconds of the day, or since 1970; `zoned`: in no need of a zone."""

    seconds: float
    dated: bool
    zoned: bool = False


def stamp(raw: bytes) -> Stamp | None:
    """The time at the beginning of a line."""
    found = _STAMP.match(raw)
    if found is None:
        return None
    hours, minutes, seconds = (int(part) for part in found["day"].split(b":"))
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    of_day = hours * 3600 + minutes * 60 + seconds + (float(b"0." + found["part"]) if found["part"] else 0.0)
    if not found["date"]:
        return Stamp(of_day, dated=False)
    midnight = _midnight(found["date"])
    if midnight is None:
        return None
    zone = found["zone"]
    if not zone:
        return Stamp(midnight + of_day, dated=True)
    return Stamp(midnight + of_day - _offset(zone), dated=True, zoned=True)


@lru_cache(maxsize=64)
def _midnight(date: bytes) -> int | None:
    digits = date.translate(None, b"-/")
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not (1970 <= year <= 9998 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    return timegm((year, month, day, 0, 0, 0))


def _offset(zone: bytes) -> int:
    if zone == b"Z":
        return 0
    digits = zone[1:].replace(b":", b"")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[:1] == b"-" else seconds


class Clock:
    """The times of one log's lines."""

    def __init__(self, file: Readable, began: float | None = None) -> None:
        self._file, self._began = file, began
        first = began if began is not None else file.modified()
        self._notes = [(0, first), (file.size(), max(first, file.modified()))]
        self._shift: float | None = None  # what stamps without a zone need
        self._looked = False

    def arrived(self, size: int, now: float) -> None:
        """So large was the file at that moment."""
        if len(self._notes) > 2 and now - self._notes[-2][1] < 1.0:
            self._notes[-1] = (size, now)
            return
        self._notes.append((size, now))
        if len(self._notes) > _NOTES:
            del self._notes[1:-1:2]

    @property
    def stamped(self) -> bool:
        """Its lines have times of their own."""
        self._look()
        return self._shift is not None

    def when(self, found: Stamp, near: float | None, *, back: bool = False) -> float:
        """A stamp's place in time. One without a date is the next after `near`, or the last before it."""
        self._look()
        if found.zoned:
            return found.seconds
        seconds = found.seconds + (self._shift or 0.0)
        if found.dated or near is None:
            return seconds
        half = _DAY / 2  # neighbours may be out of order by less
        if back:
            return near + half - (near + half - seconds) % _DAY
        return near - half + (seconds - near + half) % _DAY

    def time(self, raw: bytes, place: int) -> float | None:
        """Of one line, seen from the end of the log; None for one without a stamp among others that have them."""
        found = stamp(raw)
        if found is not None:
            return self.when(found, self._file.modified(), back=True)
        return None if self.stamped else self.came(place)

    def came(self, place: int) -> float:
        """When about the byte at `place` came, from how the file grew."""
        notes = self._notes
        after = min(max(1, bisect_left(notes, (place, 0.0))), len(notes) - 1)
        (low, since), (high, until) = notes[after - 1], notes[after]
        return since if high <= low else since + (until - since) * min(1.0, max(0.0, (place - low) / (high - low)))

    def times(self, lines: Iterator[tuple[bytes, int]], first: float | None = None) -> Iterator[float]:
        """Of lines with their places, in their order; never going back."""
        last = first
        stamped = self.stamped
        said: float | None = None  # by the last stamp
        for raw, place in lines:
            found = stamp(raw)
            if found is not None:
                said = self.when(found, said if said is not None else last)
                last = said if last is None or said > last else last
            elif last is None or not stamped:
                here = self._first if stamped else self.came(place)
                last = here if last is None or here > last else last
            yield last

    def _look(self) -> None:
        """Find out what stamps without a zone need, from the first one."""
        if self._looked:
            return
        self._looked = True
        self._first = 0.0
        for raw in self._file.read(0, _HEAD).split(b"\n"):
            found = stamp(raw)
            if found is not None:
                self._shift = self._shift_of(found)
                self._first = self.when(found, None)
                return

    def _shift_of(self, found: Stamp) -> float:
        if found.zoned:
            return 0.0
        if self._began is not None:
            apart = round((self._began - found.seconds) / _QUARTER) * _QUARTER
            if not found.dated or abs(apart) <= _ZONES:
                return float(apart)
        written = self._file.modified()
        zone = -float(time.localtime(found.seconds if found.dated else written).tm_gmtoff)
        if found.dated:
            return zone
        return zone + (written + 60 - zone - found.seconds) // _DAY * _DAY
