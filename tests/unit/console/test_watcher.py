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


async def test_what_cannot_be_written_is_told_once_and_ends_nothing(engine, tmp_path):
    told = []
    (tmp_path / "book.json").mkdir()  # nothing can take its name, as on a disk that is full
    (tmp_path / "to").write_text("no folder")
    watch = Watcher(engine, tmp_path, Settings(to=tmp_path / "to", sync=False), lambda *said: told.append(said))
    watch.look(100.0)
    watch.look(101.0)
    assert len(told) == 1 and told[0][0].startswith("what was found cannot be written down") and told[0][1] == "bad"
    (tmp_path / "book.json").rmdir()
    assert await watch.run(once=True)
    assert [text for text, _tone in told[1:]] == [
        text for text, _tone in told[1:] if "report cannot be written" in text
    ]
    assert len(told) == 2 and (tmp_path / "book.json").is_file()
