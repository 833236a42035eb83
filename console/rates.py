"""Bytes a second, as people write them: 20MB/s, 500 KB/s, 1.5GiB/s."""

import re

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?)(i?)B/s\s*\Z", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3}


def parse(text: str) -> float:
    """ValueError says how to write it."""
    found = _RATE.match(text)
    rate = 0.0
    if found:
        number, unit, binary = found.groups()
        rate = float(number) * (1024 if binary else 1000) ** _POWERS[unit.upper()]
    if rate < 1000:
        raise ValueError(f"{text!r} is no bandwidth: write at least 1KB/s, as in 20MB/s or 500KB/s")
    return rate
