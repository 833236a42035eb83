"""Everything behind a command or the screen, put together once: configuration, hosts, fleet, actions."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from console.actions import ConsoleActions
from console.config import Config
from console.hosts import Ask, Hosts
from console.pulling.ledger import Pulls
from console.pump import Pump

T = TypeVar("T")

FIRST_PICTURE_S = 10.0  # how long a command waits until every host has told everything


@dataclass(frozen=True, slots=True)
class Engine:
    """Close it at the end, or use `open_engine`."""

    config: Config
    hosts: Hosts
    pump: Pump
    actions: ConsoleActions


def make_engine(config: Config, state: Path, *, readonly: bool = False, ask: Ask | None = None) -> Engine:
    """Nothing is opened yet: `engine.pump.start()` does. `ask` is asked for passphrases and passwords."""
    hosts = Hosts(config, ask=ask)
    pump = Pump(config, state, hosts.transport, readonly=readonly)
    actions = ConsoleActions(config, hosts, lambda: pump.fleet, readonly=readonly, pulls=Pulls(state))
    return Engine(config, hosts, pump, actions)


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


async def in_thread(make: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
    """What a blocking iterator yields, as it comes; its thread is its own, and nobody waits for it at exit."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()

    def put(item: tuple[T] | BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def run() -> None:
        try:
            for value in make():
                put((value,))
        except BaseException as error:
            put(error)
        put(None)

    threading.Thread(target=run, name="action", daemon=True).start()
    while (item := await queue.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item[0]
