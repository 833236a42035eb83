"""Amounts in sentences: durations and bytes for people. Pure."""

import math


def duration(seconds: float) -> str:
    """A time span for people: 41 s, 5 min, 9 h, 3 d."""
    if not math.isfinite(seconds) or seconds < 0:
        return "0 s"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def amount(size: int) -> str:
    """Bytes: 512 B, 3.0 GiB."""
    unit = max(0, min(4, (max(1, size).bit_length() - 1) // 10))
    return f"{size / 1024**unit:.{1 if unit else 0}f} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[unit]}"


def sentence(*parts: str) -> str:
    """What there is of it, as one."""
    return "; ".join(part for part in parts if part)
