"""The last minutes of a log: from which line on. Counted back from its newest line, so that it means something in a log
that ended long ago too."""

from collections.abc import Callable

from console.logs.source import Source

Place = tuple[int, int]


def newest(source: Source) -> float | None:
    """When its last line was written."""
    for chunk in range(source.end_chunk - 1, max(-1, source.end_chunk - 50), -1):
        for line in reversed(source.chunk(chunk)):
            when = source.time(chunk, line)
            if when is not None:
                return when
    return None


def since(source: Source, seconds: float, go_on: Callable[[], bool] = lambda: True) -> Place | None:
    """The first line of the last so many seconds; None when no line has a time. `go_on` may end the search early."""
    last = newest(source)
    if last is None:
        return None
    found: Place = (max(0, source.end_chunk - 1), 0)
    for chunk in range(source.end_chunk - 1, source.first_chunk - 1, -1):
        if not go_on():
            break
        times = (source.time(chunk, line) for line in source.chunk(chunk))
        first = next((when for when in times if when is not None), None)
        if first is None:
            continue
        if first < last - seconds:
            found = _first_within(source, chunk, last - seconds) or found
            break
        found = (chunk, 0)
    return found


def _first_within(source: Source, chunk: int, cut: float) -> Place | None:
    """The chunk's first line that was written after `cut`."""
    for ordinal, line in enumerate(source.chunk(chunk)):
        when = source.time(chunk, line)
        if when is not None and when >= cut:
            return chunk, ordinal
    return None
