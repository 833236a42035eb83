"""Spans of time as people write them in configurations and searches: 90d, 2y. Pure."""

import re

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(m|h|d|w|y)")
_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31557600.0}


def parse(text: str) -> float:
    """Seconds of "7d"; ValueError with the mend."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time: write it as 30m, 12h, 7d, 4w or 1y")
    return float(found[1]) * _SECONDS[found[2]]


def is_span(text: str) -> bool:
    return _SPAN.fullmatch(text) is not None
