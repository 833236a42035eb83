"""What is shown, as a file: never over another one unasked."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

AT_ONCE = 2000  # lines

Lines = Callable[[int, int], Sequence[str]]


def file_name(names: Sequence[str]) -> str:
    """A harmless name for the log of these workers."""
    safe = [re.sub(r"[^\w.-]+", "-", name).strip(".-") or "log" for name in names[:3]]
    return "+".join(safe)[:80] + ("+" if len(names) > 3 else "") + ".txt"


def save(path: Path, lines: Lines, count: int, *, replace: bool = False, go_on: Callable[[int], bool]) -> int:
    """Write so many lines; `go_on` is told how many are written and may end it. FileExistsError unless `replace`."""
    written = 0
    with path.open("w" if replace else "x", encoding="utf-8", errors="replace") as file:
        while written < count and go_on(written):
            some = lines(written, min(count, written + AT_ONCE))
            if not some:
                break
            file.writelines(f"{line}\n" for line in some)
            written += len(some)
    return written
