"""The end of a log on a terminal before the screen's library is even loaded: text first, everything else after it."""

import contextlib
import os
from collections.abc import Iterator
from typing import TextIO

from console.format import cell_len, set_cell_size
from console.logs.ansi import shown
from console.logs.source import Source

_ENTER, _LEAVE, _HOME = "\x1b[?1049h\x1b[?25l", "\x1b[?1049l\x1b[?25h", "\x1b[H\x1b[2J"
_AROUND = 3  # rows of the screen that are not the log: title, state, keys


@contextlib.contextmanager
def first_text(source: Source, out: TextIO) -> Iterator[None]:
    """Show it, where the screen will have it; the terminal is given back when the screen does not come."""
    width, height = os.get_terminal_size(out.fileno())
    out.write(_ENTER + _HOME + frame(source, width, height))
    out.flush()
    try:
        yield
    except BaseException:
        out.write(_LEAVE)
        out.flush()
        raise


def frame(source: Source, width: int, height: int) -> str:
    """The last lines, each cut to its row."""
    count = source.count
    lines = source.lines(max(0, count - max(0, height - _AROUND)), count)
    texts = (f"  {shown(line.raw)}" for line in lines)
    rows = (text if cell_len(text) < width else set_cell_size(text, max(0, width - 1)) for text in texts)
    return "\r\n" + "\r\n".join(rows)
