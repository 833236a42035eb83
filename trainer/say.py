"""Lines for the log: stdout, flushed at once. A log that cannot be written (disk full, reader gone) stops nobody."""

import contextlib
import sys

_muted = False


def mute() -> None:
    """From now on this process says nothing: another one speaks for it."""
    global _muted  # noqa: PLW0603
    _muted = True


def say(text: str) -> None:
    if _muted:
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def duration(seconds: float) -> str:
    """Seconds as people say them: 3.2 s, 4:05 min, 2:03 h."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def figures(metrics: dict[str, float]) -> str:
    """Metrics in one line."""
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
