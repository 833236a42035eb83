"""The rounds of a watch over a configuration whose host is never asked."""

import asyncio
import contextlib

import pytest

from console.config import load
from console.engine import make_engine
from console.watch import watcher
from console.watch.watcher import Settings, Watcher


@pytest.fixture
def engine(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(f'[hosts.here]\nroot = "{tmp_path}/root"\n')
    engine = make_engine(load(config), tmp_path / "state")
    yield engine
    engine.pump.close()
    engine.hosts.close()


async def test_looks_go_on_however_long_a_sync_takes(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(watcher, "LOOK_S", 0.01)
    enough = asyncio.Event()

    class Slow(Watcher):
        looks = 0

        def look(self, now):
            super().look(now)
            self.looks += 1
            if self.looks > 5:
                enough.set()

        async def _sync(self):
            await asyncio.Event().wait()
            return True

    watch = asyncio.create_task(Slow(engine, tmp_path, Settings(to=tmp_path), lambda *_: None).run())
    await asyncio.wait_for(enough.wait(), 60)
    assert not watch.done()
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
