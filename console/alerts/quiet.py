"""Hours in which only errors are told: "22:00-07:00", by this laptop's clock. Pure."""

import re
import time

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


def parse(text: str) -> tuple[int, int]:
    """Minutes of the day from which and until which; ValueError with the mend."""
    found = _HOURS.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no span of hours: write it as 22:00-07:00")
    a, b, c, d = map(int, found.groups())
    return a * 60 + b, c * 60 + d


def is_quiet(text: str, now: float) -> bool:
    """Nothing is told now but errors."""
    if not text:
        return False
    begin, end = parse(text)
    local = time.localtime(now)
    minute = local.tm_hour * 60 + local.tm_min
    return begin <= minute < end if begin <= end else minute >= begin or minute < end
