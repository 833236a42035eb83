"""Everything behind a command or the screen, put together once: configuration, hosts, fleet, actions."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from console.config import Config
from console.hosts import Ask, Hosts
from console.pulling.ledger import Pulls
from console.pump import Pump
from console.relay import Relay

if TYPE_CHECKING:
    from console.actions import ConsoleActions
    from console.recording.recorder import Recorder

FIRST_PICTURE_S = 10.0  # how long a command waits until every host has told everything


@dataclass(frozen=True)
class Engine:
    """Close it at the end, or use `open_engine`."""

    config: Config
    hosts: Hosts
    pump: Pump
    pulls: Pulls

    @functools.cached_property
    def actions(self) -> "ConsoleActions":
        """Made when somebody wants to do something: much is imported for it that a first frame does not need."""
        from console.actions import ConsoleActions  # noqa: PLC0415

        pump = self.pump
        return ConsoleActions(self.config, self.hosts, lambda: pump.fleet, readonly=pump.readonly, pulls=self.pulls)


def make_engine(
    config: Config,
    state: Path,
    *,
    readonly: bool = False,
    ask: Ask | None = None,
    later: bool = False,
    recorder: "Recorder | None" = None,
) -> Engine:
    """Nothing is opened yet: `engine.pump.start()` does. `ask` is asked for passphrases and passwords. `later`: begin
    with what the last console knew, and read the rest once started."""
    hosts = Hosts(config, ask=ask)
    pump = Pump(config, state, hosts.transport, readonly=readonly, later=later, recorder=recorder)
    if not readonly:
        pump.listen(Relay(lambda: pump.fleet, hosts).consider)
    return Engine(config, hosts, pump, Pulls(state))


@contextlib.asynccontextmanager
async def open_engine(engine: Engine, wait: float = FIRST_PICTURE_S) -> AsyncIterator[Engine]:
    """With the links open and the first complete picture, or as much of it as came within `wait` seconds."""
    await engine.pump.start()
    try:
        await engine.pump.synced(wait)
        yield engine
    finally:
        await engine.pump.stop()
        await asyncio.to_thread(engine.hosts.close)
