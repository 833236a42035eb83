"""Figures for people: numbers, durations, bytes, bars. Pure, shared by the screen and the command line's text.

Every function takes None as "not known" and answers `UNKNOWN`. Widths are counted in terminal cells, not characters.
"""

import math
import time

from rich.cells import cell_len, set_cell_size

__all__ = [
    "UNKNOWN",
    "age",
    "bar",
    "cell_len",
    "clock",
    "count",
    "day",
    "decimal",
    "fit",
    "fit_end",
    "level",
    "number",
    "percent",
    "plural",
    "right",
    "set_cell_size",
    "size",
    "size_of",
    "span",
    "timer",
]

UNKNOWN = "–"
_UNITS = "BKMGTPE"
_LEVELS = "▁▂▃▄▅▆▇"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def number(value: float | None, digits: int = 3) -> str:
    """A metric's value in at most eight cells: 0.312, 12.31, 1,204, 1.2e-05, nan."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    size = abs(value)
    if size and (size < 10**-digits or size >= 999_999.5):
        return f"{value:.1e}" if 1e-99 <= size < 9.9e99 else f"{value:.0e}"
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.{max(0, digits - max(0, _whole_digits(size) - 1))}f}"


def decimal(value: float | None, digits: int = 3) -> str:
    """Like `number`, with room behind it, so that the points of short ones stand below each other."""
    text = number(value, digits)
    whole, point, rest = text.partition(".")
    if "e" in text or not whole.lstrip("-").replace(",", "").isdigit() or len(whole) > max(3, digits):
        return text
    return text + " " * (digits - len(rest) + (0 if point else 1))


def count(value: float | None) -> str:
    """A whole number with its thousands: 7,480."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.0f}"


def percent(share: float | None) -> str:
    """A share from 0 to 1: 98%."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{share * 100:.0f}%"


def size(amount: int | None) -> str:
    """Bytes in at most five cells: 980B, 12.9G, 206G."""
    if amount is None:
        return UNKNOWN
    scaled, unit = _scaled(float(amount))
    return f"{_short(scaled)}{_UNITS[unit]}"


def size_of(used: int | None, total: int | None) -> str:
    """Used of total, in the total's unit: 12.9/23G."""
    if total is None or used is None:
        return size(used if total is None else total)
    whole, unit = _scaled(float(total))
    return f"{_short(used / 1024**unit)}/{_short(whole)}{_UNITS[unit]}"


def timer(seconds: float | None) -> str:
    """A running time or one still to go: 0:31, 12:05, 2:07:15, 3d 04h."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    left = max(0, round(seconds))
    if left >= 100 * _HOUR:
        return f"{left // _DAY}d {left % _DAY // _HOUR:02d}h"
    minutes, rest = divmod(left, _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def span(seconds: float | None) -> str:
    """A duration in words' order of size: 0.4 s, 41 s, 3 min, 2 h 07 min, 3 d."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.0f} s" if seconds < 0.05 or seconds == int(seconds) else f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * _MINUTE:
        return f"{seconds / _MINUTE:.0f} min"
    minutes = round(seconds / _MINUTE)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{seconds / _DAY:.0f} d"


def age(seconds: float | None) -> str:
    """How old something is, in at most four cells: 0s, 41s, 3m, 9h, 12d."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    seconds = max(0.0, seconds)
    for limit, unit, letter in ((99.5, 1, "s"), (99.5 * _MINUTE, _MINUTE, "m"), (99.5 * _HOUR, _HOUR, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f}{letter}"
    return f"{min(seconds / _DAY, 999):.0f}d"


def clock(moment: float) -> str:
    """A time of day here: 12:41:03."""
    return time.strftime("%H:%M:%S", time.localtime(moment))


def day(moment: float) -> str:
    """A day and a time here: 2026-01-02 12:41."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def bar(share: float | None, width: int) -> tuple[str, str]:
    """A progress line: the part that is done, and the track that is left."""
    if share is None or width < 1 or math.isnan(share):
        return "", "─" * max(0, width)
    halves = round(min(1.0, max(0.0, share)) * width * 2)
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return done, "─" * (width - len(done))


def level(share: float | None) -> str:
    """One cell that is as full as the share: ▁ to ▇; nothing known is a dot."""
    if share is None or math.isnan(share):
        return "·"
    return _LEVELS[min(6, int(min(1.0, max(0.0, share)) * 7))]


def fit(text: str, width: int) -> str:
    """The text in exactly so many cells; what does not fit ends in an ellipsis."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def fit_end(text: str, width: int) -> str:
    """At most so many cells of a path: its end is what tells it from others."""
    while cell_len(text) > width > 0:
        text = "…" + text[max(2, cell_len(text) - width) :]
    return text


def right(text: str, width: int) -> str:
    """Like `fit`, at the right edge."""
    space = width - cell_len(text)
    return " " * space + text if space >= 0 else fit(text, width)


def plural(amount: int, word: str) -> str:
    """1 worker, 2 workers."""
    return f"{amount:,} {word}" if amount == 1 else f"{amount:,} {word}s"


def _whole_digits(size: float) -> int:
    return 1 if size < 9.9995 else 2 if size < 99.995 else 3


def _scaled(amount: float) -> tuple[float, int]:
    unit = 0
    while abs(amount) >= 999.5 and unit < len(_UNITS) - 1:
        amount /= 1024
        unit += 1
    return amount, unit


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 19.95 else f"{value:.1f}".removesuffix(".0")
