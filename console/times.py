"""Spans of time as people write them: 30s, 2m, 1h, 2d."""

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse(text: str) -> float:
    """Seconds. ValueError says how to write it."""
    number = text.strip().rstrip("smhd")
    try:
        seconds = float(number) * _UNITS[text.strip()[len(number) :]]
    except (KeyError, ValueError):
        raise ValueError(f"{text!r} is no time: write it as 30s, 2m, 8h or 2d") from None
    if not 1 <= seconds < float("inf"):
        raise ValueError(f"{text!r}: a second at least")
    return seconds
