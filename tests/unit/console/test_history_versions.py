"""Databases of other versions: an older one is brought over whole or not at all, a newer one is not touched."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from console import config
from console.history import FILE, Entry, History
from console.history.versions import STEPS
from console.pump import Pump
from remote.fake import FakeTransport

VERSION_1 = Path(__file__).parents[2] / "data" / "history" / "version-1.sql"
RUN = "attention-20250615-120000-0a0b"
RUN_TOML = """\
[run]
epochs = 30
[origin]
worker = "attention"
host = "gpu1"
by = "user1"
project = { branch = "main", dirty = true }
"""


@pytest.fixture
def old(tmp_path):
    """A state folder with a database that the first version of the program wrote."""
    base = sqlite3.connect(tmp_path / FILE)
    base.executescript(VERSION_1.read_text("utf-8"))
    base.close()
    folder = tmp_path / "mirror" / "gpu1" / "runs" / RUN
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text(RUN_TOML)
    return tmp_path


def version(state):
    base = sqlite3.connect(state / FILE)
    (found,) = base.execute("PRAGMA user_version").fetchone()
    base.close()
    return found


def test_a_database_of_the_first_version_is_brought_over(old):
    history = History(old)
    first, second, third = sorted(history.runs(), key=lambda entry: entry.run)
    assert version(old) == len(STEPS) and history.set_aside is None
    assert first == Entry(
        host="gpu1", run=RUN, worker="attention", race="persistence-20250615-120000-0c0d", started=1_750_000_000.5,
        ended=1_750_003_600.25, state="criteria met", detail="all criteria hold", epoch=12, epochs=30,
        metrics=first.metrics, best={"val_accuracy": 0.9}, config="00112233445566aa", seen=1_750_003_601.0,
        origin={"by": "user1", "project.branch": "main", "project.dirty": "yes"},
    )  # fmt: skip
    assert first.metrics["attention_ratio"] == math.inf and math.isnan(first.metrics["consistency"])
    assert (second.state, second.origin) == ("lost the race", {})
    assert third.started is None and third.detail == "ValueError: it's “odd” · train.py:3"
    assert history.winners() == {"persistence-20250615-120000-0c0d": (RUN, "attention", 1_750_003_600.0)}
    since = history.plan("/home/me/config.toml", [("attention", "gpu1"), ("small", "here")], 9e9)
    assert set(since.values()) == {1_750_000_000.0}
    history.close()


def test_killed_half_way_it_is_the_old_one_and_the_next_brings_it_over(old):
    script = f"""
import os, signal
from pathlib import Path
from console.history import History, versions
def die(base, state):
    base.execute("UPDATE runs SET worker = 'half'")
    os.kill(os.getpid(), signal.SIGKILL)
versions.STEPS = (*versions.STEPS, die)
History(Path({str(old)!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == -signal.SIGKILL
    assert version(old) == 1
    history = History(old)
    assert {entry.worker for entry in history.runs()} == {"attention", "pretrained", "small"}
    history.close()


@pytest.fixture
def newer(tmp_path):
    History(tmp_path).close()
    base = sqlite3.connect(tmp_path / FILE)
    base.executescript(f"CREATE TABLE of_tomorrow (x); PRAGMA user_version = {len(STEPS) + 5};")
    base.close()
    return tmp_path


def test_a_newer_one_is_an_error_and_is_not_touched(newer):
    before = (newer / FILE).read_bytes()
    with pytest.raises(ValueError, match=rf"version is {len(STEPS) + 5}, this program knows {len(STEPS)}\): update"):
        History(newer)
    assert (newer / FILE).read_bytes() == before
    assert not list(newer.glob("*.damaged-*"))


async def test_a_console_goes_on_without_it_and_says_so(newer):
    before = (newer / FILE).read_bytes()
    text = '[hosts.here]\nroot = "/data"\n[workers.a]\nhost = "here"\ncommand = ["true"]\n'
    pump = Pump(config.parse(text, Path("c.toml")), newer, lambda _name: FakeTransport())
    assert any("the history is not kept" in problem and "newer trajconsole" in problem for problem in pump.problems)
    assert "a" in pump.fleet.planned
    await pump.stop()
    assert (newer / FILE).read_bytes() == before
