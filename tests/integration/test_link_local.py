"""The link with a real probe on this machine: every byte once, whatever happens to the probe; nothing left behind."""

import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from remote.events import Chunk, Document, FolderGone, Hello, LinkState, Process, Synced, Telemetry
from remote.link import Link, Timing
from remote.local import LocalTransport
from remote.watch import Watch, Watched

QUICK = Timing(heartbeat=0.5, first_word=3.0, first_retry=0.01, longest_retry=0.2, settled=0.2)


class Tapped(LocalTransport):
    """Remembers the processes, so that a test can harm them."""

    def __init__(self):
        super().__init__()
        self.opened = []

    def open(self, argv):
        self.opened.append(super().open(argv))
        return self.opened[-1]


class Mirror:
    """A listener that keeps the streams as the console does, and what else it hears."""

    def __init__(self):
        self.files, self.heard, self.changed = {}, [], threading.Condition()

    def __call__(self, batch):
        with self.changed:
            for event in batch:
                if isinstance(event, Chunk):
                    self._append(event)
            self.heard += batch
            self.changed.notify_all()

    def _append(self, chunk):
        inode, data = self.files.get((chunk.folder, chunk.name), (chunk.inode, b""))
        if chunk.reset:
            inode, data = chunk.inode, b""
        assert (chunk.inode, chunk.start) == (inode, len(data)), "a byte was lost or came twice"
        self.files[chunk.folder, chunk.name] = inode, data + chunk.data

    def offsets(self):
        with self.changed:
            known = {}
            for (folder, name), (inode, data) in self.files.items():
                known.setdefault(folder, {})[name] = (inode, len(data))
            return known

    def wait(self, condition, seconds=40.0):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), self.heard[-5:]

    def phases(self):
        return [event.phase for event in self.heard if isinstance(event, LinkState)]


@pytest.fixture
def linked(tmp_path):
    threads = threading.active_count()
    links, transports = [], []

    def make(timing=QUICK):
        transport, mirror = Tapped(), Mirror()
        runs = Watched("runs", ("status.json",), ("log", "metrics.jsonl"))
        watch = Watch(str(tmp_path), (runs, Watched("races", ("winner.json",))))
        links.append(Link(transport, watch, mirror.offsets, mirror, timing=timing))
        transports.append(transport)
        links[-1].start()
        return links[-1], transport, mirror

    yield make
    for link in links:
        link.close()
    assert threading.active_count() <= threads  # one of an earlier test may have ended meanwhile
    for transport in transports:
        assert all(channel.closed and not Path(f"/proc/{channel.pid}").exists() for channel in transport.opened)


def make_run(root, name="a"):
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    return folder


def test_everything_arrives_and_the_first_picture_is_complete(linked, tmp_path):
    folder = make_run(tmp_path)
    (folder / "status.json").write_text(json.dumps({"pid": os.getpid()}))
    (folder / "log").write_text("one\ntwo\n")
    (tmp_path / "races/r1").mkdir(parents=True)
    (tmp_path / "races/r1/winner.json").write_text('{"run": "a"}')
    _, _, mirror = linked()
    mirror.wait(lambda mirror: Synced() in mirror.heard and any(isinstance(e, Telemetry) for e in mirror.heard))
    until_synced = mirror.heard[: mirror.heard.index(Synced())]
    assert isinstance(until_synced[2], Hello) and until_synced[2].root == str(tmp_path)
    documents = {(e.folder, e.name): e.text for e in until_synced if isinstance(e, Document)}
    assert documents[("races/r1", "winner.json")] == '{"run": "a"}' and ("runs/a", "status.json") in documents
    assert mirror.files["runs/a", "log"][1] == b"one\ntwo\n"
    (process,) = [e for e in until_synced if isinstance(e, Process)]
    assert process.alive and process.pid == os.getpid()


def test_a_removed_folder_is_said(linked, tmp_path):
    make_run(tmp_path)
    _, _, mirror = linked()
    mirror.wait(lambda mirror: Synced() in mirror.heard)
    (tmp_path / "runs/a").rmdir()
    mirror.wait(lambda mirror: FolderGone("runs/a") in mirror.heard)


def test_a_stopped_probe_is_stale_and_replaced(linked, tmp_path):
    make_run(tmp_path)
    _, transport, mirror = linked()
    mirror.wait(lambda mirror: Synced() in mirror.heard)
    os.kill(transport.opened[0].pid, signal.SIGSTOP)
    mirror.wait(lambda mirror: mirror.phases().count("connected") == 2)
    assert mirror.phases() == ["connecting", "connected", "stale", "connecting", "connected"]


def test_a_killed_probe_is_replaced(linked, tmp_path):
    make_run(tmp_path)
    _, transport, mirror = linked()
    mirror.wait(lambda mirror: Synced() in mirror.heard)
    os.kill(transport.opened[0].pid, signal.SIGKILL)
    mirror.wait(lambda mirror: mirror.phases().count("connected") == 2)


def write(folder, content, chance, over):
    """Append `content` in pieces that are torn anywhere; now and then a pause."""
    position = 0
    with (folder / "log").open("ab", buffering=0) as file:
        while position < len(content):
            size = chance.choice((1, 7, 100, 5_000))
            file.write(content[position : position + size])
            position += size
            if chance.random() < 0.02:
                time.sleep(0.002)
    over.set()


def lines(chance, count):
    return b"".join(
        bytes(chance.choices(b"abc \xc3\xa9\xff\x00", k=chance.randrange(60))) + b"\n" for _ in range(count)
    )


def harmed_log(linked, root, seed, harms):
    """A log written while the probe is killed and stopped at random moments: it must arrive byte for byte."""
    chance = random.Random(seed)
    folder = make_run(root, f"s{seed}")
    content = lines(chance, 4_000 * harms)
    link, transport, mirror = linked()
    over = threading.Event()
    writer = threading.Thread(target=write, args=(folder, content, chance, over))
    writer.start()
    harmer = random.Random(seed + 1)
    for _ in range(harms):
        time.sleep(harmer.uniform(0.0, 0.4))
        victim = transport.opened[-1] if transport.opened else None
        if victim is not None and not victim.closed:
            try:
                os.kill(victim.pid, harmer.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)))
            except ProcessLookupError:
                continue
    writer.join()
    name = f"runs/s{seed}"
    mirror.wait(lambda mirror: len(mirror.files.get((name, "log"), (0, b""))[1]) >= len(content), 120)
    assert mirror.files[name, "log"][1] == content
    assert link.damaged_lines <= 2 * len(transport.opened)  # a line that was torn by a kill
    link.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_log_arrives_byte_for_byte_whatever_happens_to_the_probe(linked, tmp_path, seed):
    harmed_log(linked, tmp_path, seed, harms=4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_log_arrives_byte_for_byte_for_a_long_time(linked, tmp_path, seed):
    harmed_log(linked, tmp_path, seed, harms=20)


def test_truncation_and_rotation_reset_the_mirror(linked, tmp_path):
    folder = make_run(tmp_path)
    (folder / "log").write_bytes(b"old\nlines\n")
    _, _, mirror = linked()
    mirror.wait(lambda mirror: Synced() in mirror.heard)
    (folder / "log").write_bytes(b"new\n")
    mirror.wait(lambda mirror: mirror.files["runs/a", "log"][1] == b"new\n")
    (folder / "log").rename(folder / "log.1")
    (folder / "log").write_bytes(b"another file\n")
    mirror.wait(lambda mirror: mirror.files["runs/a", "log"][1] == b"another file\n")


def test_a_line_of_several_megabytes_arrives(linked, tmp_path):
    folder = make_run(tmp_path)
    content = b"x" * 3_000_000 + b"\nend\n"
    (folder / "log").write_bytes(content)
    _, _, mirror = linked()
    mirror.wait(lambda mirror: Synced() in mirror.heard)
    assert mirror.files["runs/a", "log"][1] == content
