"""Fixtures of the screen's tests: an app on a fleet that was told, at a fixed time, in a terminal of a fixed size."""

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from screen_text import settled
from textual.pilot import Pilot
from tui_fleets import NOW, FakeActions, FakeSource, Story, ToldDoor

from console.app import ConsoleApp

Opened = Callable[..., AbstractAsyncContextManager[Pilot]]


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def opened() -> Opened:
    """Open the console on a story: `async with opened(busy()) as pilot`."""

    @asynccontextmanager
    async def open_it(
        story: Story,
        size: tuple[int, int] = (120, 36),
        *,
        actions: FakeActions | None = None,
        readonly: bool = False,
        clock: Callable[[], float] = lambda: NOW,
        **more: object,
    ) -> AsyncIterator[Pilot]:
        source = FakeSource(story.fleet, readonly=readonly)
        app = ConsoleApp(source, actions or FakeActions(), **{"door": ToldDoor(), "clock": clock, **more})
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            yield pilot

    return open_it
