"""Show the screen on a story, by hand: PYTHONPATH=. python tests/tui/show.py busy [--live] [--ascii] [--light]

Stories: fresh, racing, won, busy. `--live` lets the log and the loss of the first worker go on.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator

import tui_fleets as fleets

from console.app import ConsoleApp
from console.source import Step


def ladder(name: str, workers: tuple[str, ...]) -> Iterator[Step]:
    """Takes its time, as a real stop does."""
    for worker in workers:
        for left in range(5, 0, -1):
            yield Step(worker, "asked to stop; waiting for its checkpoint", countdown=float(left))
            threading.Event().wait(1)
        yield Step(worker, "gone, verified", ok=True)


class Live(fleets.FakeSource):
    """Something happens four times a second."""

    def __init__(self, story: fleets.Story) -> None:
        super().__init__(story.fleet)
        self._story = story

    async def start(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        for n in range(1_000_000):
            await asyncio.sleep(0.25)
            host = next(iter(self.fleet.hosts))
            self._story.log("attention", host, f"{time.strftime('%H:%M:%S')} step {n:,} loss {1 / (1 + n):.4f}\n")
            self.becomes(self._story.fleet)


def main() -> None:
    name = next((word for word in sys.argv[1:] if not word.startswith("-")), "busy")
    story = getattr(fleets, name)()
    start = time.time()
    source = Live(story) if "--live" in sys.argv else fleets.FakeSource(story.fleet)
    app = ConsoleApp(
        source,
        fleets.FakeActions(ladder),
        ascii="--ascii" in sys.argv,
        theme="light" if "--light" in sys.argv else "",
        clock=lambda: fleets.NOW + time.time() - start,
    )
    app.run()


if __name__ == "__main__":
    main()
