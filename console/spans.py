"""Spans of time as people write them in configurations, options and searches: 30s, 2m, 8h, 90d, 2y. Pure."""

import argparse
import re

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdwy])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31557600.0}


def parse(text: str) -> float:
    """Seconds of "7d"; ValueError with the mend."""
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no time: write it as 30s, 2m, 8h, 7d, 4w or 1y")
    seconds = float(found[1]) * _SECONDS[found[2]]
    if not 1 <= seconds < float("inf"):
        raise ValueError(f"{text!r}: a second at least")
    return seconds


def argument(text: str) -> float:
    """The same, of an option."""
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def is_span(text: str) -> bool:
    return _SPAN.fullmatch(text) is not None
