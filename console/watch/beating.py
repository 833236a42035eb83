"""A watch on a host says that it lives, beside whatever else it does; its file goes when it ends."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from console.fleet.beats import BEAT, EVERY_S, Beat
from trainer.record import atomic


@contextlib.asynccontextmanager
async def beating(folder: Path, every: float) -> AsyncIterator[None]:
    """As long as the context lasts. `every`: seconds between its syncs, for whoever reads it."""
    path, since = folder / BEAT, round(time.time(), 3)

    async def beat() -> None:
        while True:
            with contextlib.suppress(OSError):  # a full disk: it looks dead to others, and goes on
                atomic.replace(path, Beat(since, round(time.time(), 3), os.getpid(), every).to_bytes())
            await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        path.unlink(missing_ok=True)
