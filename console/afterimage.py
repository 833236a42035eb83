"""The first frame: what the screen showed when it was last left, with its age, while the rest is still being loaded.

Only the standard library is needed to show it: it is on the terminal before the screen's own code has been read. The
lines are dim and plain, and the screen paints over them as soon as it can.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

_ENTER, _LEAVE = "\x1b[?1049h\x1b[H\x1b[2J\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_AGES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def path_of(state: Path, config: Path) -> Path:
    """Each configuration has its own."""
    name = hashlib.blake2b(str(config.absolute()).encode(), digest_size=6).hexdigest()
    return state / "last" / f"{name}.screen"


def keep(path: Path, lines: Sequence[str], now: float) -> None:
    """A laptop whose disk is full goes without."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"time": now, "lines": list(lines)}), "utf-8")
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()


def show(path: Path, stream: TextIO, *, now: float | None = None, size: os.terminal_size | None = None) -> bool:
    """Paint it; False when there is none, or none that can be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
        when, lines = float(found["time"]), [str(line) for line in found["lines"]]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    width, height = size or os.get_terminal_size(stream.fileno())
    head = f"trajconsole   as it was {_age((time.time() if now is None else now) - when)} ago, opening …"
    shown = [head, *lines[1:height]]
    # Only what takes one cell a character is certain to fit without knowing more of it.
    plain = ["".join(sign if sign.isprintable() else " " for sign in line)[:width].rstrip() for line in shown]
    stream.write(_ENTER + "\x1b[2m" + "\r\n".join(plain) + "\x1b[0m")
    stream.flush()
    return True


def clear(stream: TextIO) -> None:
    """Away with it: the screen does not come."""
    stream.write(_LEAVE)
    stream.flush()


def _age(seconds: float) -> str:
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name}"
    return "a moment"
