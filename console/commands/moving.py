"""Steps of transfers as lines: on a terminal one that moves for each worker, elsewhere what is worth a line."""

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from console.frame import Paper
    from console.source import Step

SELDOM_S = 10.0  # between two lines about one transfer, where they cannot move


async def print_moving(steps: "AsyncIterator[Step]", paper: "Paper", last: "dict[str, Step] | None" = None) -> bool:
    """True when no verdict is bad. `last` keeps everybody's last word."""
    from console.frame import step_line

    last, good = {} if last is None else last, True
    said: dict[str, float] = {}
    moving = Moving(paper) if paper.is_terminal else None
    async for step in steps:
        last[step.worker] = step
        good = good and step.ok is not False
        now = time.monotonic()
        if moving is not None:
            moving.show(step)
        elif step.share is None or now - said.get(step.worker, now - SELDOM_S) >= SELDOM_S:
            said[step.worker] = now
            paper.line(*step_line(step))
    return good


class Moving:
    """A block of lines, one a worker, drawn over itself. What is over goes above it and stays."""

    def __init__(self, paper: "Paper") -> None:
        self._paper = paper
        self._now: dict[str, Step] = {}
        self._tall = 0

    def show(self, step: "Step") -> None:
        """The newest of one worker."""
        from console.frame import step_line

        self._paper.up(self._tall)
        self._now[step.worker] = step
        if step.ok is not None:
            del self._now[step.worker]
            self._paper.line(*step_line(step))
        width = _width()
        for item in self._now.values():
            text, tone = step_line(item)
            self._paper.line(text[: width - 1], tone)
        self._tall = len(self._now)


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80
