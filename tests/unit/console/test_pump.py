"""The pump between links and views, with a link that says what the test wants."""

import asyncio
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from console import config, pump
from console.fleet.model import Pulled, RunKey
from console.history import FILE
from console.pulling.choice import LEDGER
from console.pulling.ledger import Pulls
from remote.events import Chunk, Document, Event, LinkState, Synced, Telemetry
from remote.fake import FakeTransport

RUN = "runs/a-20260101-000000-0a0b"
CONFIG = '[hosts.here]\nroot = "/data"\n[workers.a]\nhost = "here"\ncommand = ["true"]\n'


class SaidLink:
    """Says what it is told to, on a thread of its own as a link does."""

    open: ClassVar[list["SaidLink"]] = []

    def __init__(self, _transport, _watch, offsets, listener, **_more) -> None:
        self.offsets, self.listener, self.closed = offsets, listener, False
        SaidLink.open.append(self)

    def start(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def say(self, *events: Event) -> None:
        thread = threading.Thread(target=self.listener, args=(list(events),))
        thread.start()
        thread.join()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Every batch is folded when the loop next has a turn, whatever came before it."""
    monkeypatch.setattr(pump, "GATHER_S", 0.0)
    monkeypatch.setattr(pump, "SLICE_S", 60.0)


@pytest.fixture
def links(monkeypatch):
    monkeypatch.setattr(pump, "Link", SaidLink)
    monkeypatch.setattr(SaidLink, "open", [])
    return SaidLink.open


def make(state: Path) -> pump.Pump:
    return pump.Pump(config.parse(CONFIG, Path("c.toml")), state, lambda _name: FakeTransport())


def log(start: int, text: str) -> Chunk:
    return Chunk(RUN, "train.log", 7, start, text.encode())


def telemetry() -> Telemetry:
    return Telemetry(1, 0.0, 0.0, None, None, None, None)


async def test_events_become_the_fleet_and_listeners_are_told_once(tmp_path, links):
    source = make(tmp_path)
    told = []
    source.listen(lambda: told.append(source.fleet.version))
    await source.start()
    links[0].say(LinkState("connected"), log(0, "one\n"))
    links[0].say(log(4, "two\n"))
    assert told == []
    await asyncio.sleep(0)
    assert len(told) == 1
    (run,) = source.fleet.runs.values()
    assert list(run.log.lines) == ["one", "two"]
    await source.stop()
    assert links[0].closed


async def test_the_next_console_begins_with_what_the_last_one_knew(tmp_path, links):
    source = make(tmp_path)
    await source.start()
    links[0].say(LinkState("connected"), log(0, "one\n"), Document(RUN, "status.json", '{"state": "training"}'))
    await source.stop()
    again = make(tmp_path)
    (run,) = again.fleet.runs.values()
    assert list(run.log.lines) == ["one"] and run.status.state == "training"
    assert again.fleet.hosts["here"].link.phase == "connecting"
    await again.start()
    assert links[1].offsets() == {RUN: {"train.log": (7, 4)}}
    links[1].say(LinkState("connected"), log(4, "two\n"))
    await again.stop()
    (run,) = again.fleet.runs.values()
    assert list(run.log.lines) == ["one", "two"]


async def test_missing_bytes_open_the_link_anew(tmp_path, links):
    source = make(tmp_path)
    await source.start()
    links[0].say(LinkState("connected"), log(0, "one\n"))
    links[0].say(log(90, "ninety\n"))
    while len(links) < 2:
        await asyncio.sleep(0.01)
    assert links[0].closed and links[1].offsets()[RUN]["train.log"][1] == 0
    links[1].say(LinkState("connected"), log(0, "one\ntwo\n"))
    await source.stop()
    (run,) = source.fleet.runs.values()
    assert list(run.log.lines) == ["one", "two"]


async def test_what_was_removed_meanwhile_is_known_once_all_is_told(tmp_path, links):
    source = make(tmp_path)
    await source.start()
    documents = [Document(RUN, name, "{}") for name in ("status.json", "exit.json")]
    links[0].say(LinkState("connected"), *documents, Document("runs/b", "exit.json", "{}"))
    await source.stop()
    again = make(tmp_path)
    await again.start()
    links[1].say(LinkState("connected"), documents[0], Synced())
    await again.stop()
    runs = {key.run: run for key, run in again.fleet.runs.items()}
    assert runs[RUN.removeprefix("runs/")].exit is None and runs["b"].gone


async def test_synced_waits_for_every_host_to_have_told_everything(tmp_path, links):
    source = make(tmp_path)
    await source.start()
    assert not await source.synced(0.01)
    links[0].say(LinkState("connected"), Synced(), telemetry())
    assert await source.synced(1.0)
    await source.stop()


async def test_a_host_that_cannot_be_reached_does_not_keep_one_waiting(tmp_path, links):
    source = make(tmp_path)
    await source.start()
    links[0].say(LinkState("unreachable", "no route"))
    assert await source.synced(1.0)
    await source.stop()


async def test_a_damaged_history_is_built_anew_from_the_mirror(tmp_path, links):
    source = make(tmp_path)
    await source.start()
    links[0].say(LinkState("connected"), Document(RUN, "status.json", '{"state": "finished", "worker": "a"}'))
    await source.stop()
    for path in tmp_path.glob(f"{FILE}*"):
        path.write_bytes(b"damaged" * 500)
    again = make(tmp_path)
    assert "set aside" in again.problems[0]
    await again.start()
    await again.stop()
    third = make(tmp_path)
    assert [(entry.worker, entry.state) for entry in third.history.runs()] == [("a", "finished")]
    third.close()


async def test_a_pull_by_another_console_is_seen(tmp_path, links, monkeypatch):
    monkeypatch.setattr(pump, "HISTORY_EVERY_S", 0.0)
    source = make(tmp_path)
    await source.start()
    links[0].say(LinkState("connected"), Document(RUN, "status.json", '{"state": "finished"}'))
    await asyncio.sleep(0)
    key = RunKey("here", RUN.removeprefix("runs/"))
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / LEDGER).write_text("{}")
    Pulls(tmp_path).note(key, Pulled(str(copy), 5.0, True))
    before = source.fleet.version
    links[0].say(log(0, "one\n"))
    await asyncio.sleep(0)
    assert source.fleet.pulled[key].to == str(copy) and source.fleet.version > before
    await source.stop()
