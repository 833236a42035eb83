"""A damaged index is set aside and comes back from the mirrored run directories as it was."""

import dataclasses
import json
import math
from pathlib import Path

import pytest

from console import config
from console.history import FILE, History
from console.history.rebuild import keep
from console.labels import Label, Labels
from console.mirror import GONE, Mirror
from console.pump import Pump
from remote.events import Chunk, Document, FolderGone
from remote.fake import FakeTransport
from trainer.record.jsonl import encode

TRACE = 'Traceback (most recent call last):\n  File "/x/train.py", line 3, in <module>\nValueError: no such clip\n'
CONFIG = "".join(f'[hosts.{name}]\nroot = "/data/{name}"\n' for name in ("gpu1", "gpu2"))
CONFIG += '[workers.a]\nhost = "gpu1"\ncommand = ["true"]\n'
COUNT = 30


def documents(folder, **found):
    for name, value in found.items():
        suffix = "toml" if name == "run" else "json"
        yield Document(folder, f"{name}.{suffix}", value if isinstance(value, str) else json.dumps(value))


def fill(state):
    """Two hosts with runs that ended in all ways, one of them removed there, and a race between the hosts."""
    for host, first in (("gpu1", 0), ("gpu2", COUNT)):
        mirror = Mirror(state, host)
        for number in range(first, first + COUNT):
            folder, code = f"runs/a-{number:04}", number % 3
            origin = f'[origin]\nworker = "a{number % 7}"\nrace = "duel"\ncommit = "c{number}"\n'
            launch = {"time": 1e9 + number, "attempt": 1}
            end = {"code": code, "time": 1e9 + number + 60, "attempt": 1}
            for event in documents(folder, run=f"[run]\nepochs = {number}\n{origin}", launch=launch, exit=end):
                mirror.take(event)
            rows = [{"step": n, "loss": math.nan if n == 2 else 1 / n, "acc": n / 9, "phase": "val"} for n in (1, 2, 3)]
            mirror.take(Chunk(folder, "metrics.jsonl", 1, 0, b"".join(map(encode, rows))))
            mirror.take(Chunk(folder, "train.log", 2, 0, TRACE.encode() if code else b"fine\n"))
        mirror.take(FolderGone(f"runs/a-{first:04}"))
        winner = {"run": f"a-{first:04}", "worker": "a0", "time": 1e9 + first}
        mirror.take(Document("races/duel", "winner.json", json.dumps(winner)))
        mirror.close()


async def indexed(state):
    """As a console with these hosts leaves it."""
    await Pump(config.parse(CONFIG, Path("c.toml")), state, lambda _name: FakeTransport()).stop()


def told(state):
    history = History(state)
    runs = {(entry.host, entry.run): json.dumps(dataclasses.asdict(entry) | {"seen": 0}) for entry in history.runs()}
    winners, aside = history.winners(), history.set_aside
    history.close()
    return runs, winners, aside


def middle(data):
    return data[: len(data) // 3] + b"\xff" * (len(data) // 3) + data[len(data) // 3 * 2 :]


DAMAGE = {
    "bytes in the middle": middle,
    "cut off": lambda data: data[: len(data) // 2 + 100],
    "cut off in its head": lambda data: data[:60],
    "empty": lambda data: b"",
    "no database": lambda data: b"not a database at all\n" * 500,
    "gone": None,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A state folder, read by all tests and changed by none."""
    import asyncio

    state = tmp_path_factory.mktemp("state")
    fill(state)
    asyncio.run(indexed(state))
    Labels(state).change(["gpu1:a-0007"], lambda label: Label(("paper",), "good one"))
    return state


@pytest.fixture
def state(whole, tmp_path):
    """Another one with the same mirror and labels."""
    for name in ("mirror", "labels.json"):
        (tmp_path / name).symlink_to(whole / name)
    (tmp_path / FILE).write_bytes((whole / FILE).read_bytes())
    return tmp_path


@pytest.mark.parametrize("how", DAMAGE)
def test_it_comes_back_as_it_was(whole, state, how):
    before = told(whole)
    assert len(before[0]) == 2 * COUNT and before[1] == {"duel": ("a-0000", "a0", 1e9)}
    change, data = DAMAGE[how], (state / FILE).read_bytes()
    if change is None:
        (state / FILE).unlink()
    else:
        (state / FILE).write_bytes(change(data))
    after = told(state)
    assert after[0] == before[0] and after[1] == before[1]
    if how in ("empty", "gone"):
        assert after[2] is None
    else:
        assert after[2] is not None and after[2].read_bytes() == change(data)
    assert Labels(state).all() == {"gpu1:a-0007": Label(("paper",), "good one")}


def test_since_when_workers_are_planned_is_read_from_the_damaged_one_while_it_can_be(tmp_path):
    fill(tmp_path)
    history = History(tmp_path)
    history.plan("c.toml", [("a", "gpu1")], 5.0)
    history.close()
    data = bytearray((tmp_path / FILE).read_bytes())
    data[-4096:] = b"\xff" * 4096  # a page of the runs
    (tmp_path / FILE).write_bytes(data)
    history = History(tmp_path)
    assert history.set_aside is not None
    assert history.plan("c.toml", [("a", "gpu1")], 99.0) == {("a", "gpu1"): 5.0}
    history.close()


def test_a_run_whose_streams_were_pruned_comes_back_too_and_no_console_reads_it(tmp_path):
    fill(tmp_path)
    before, *_ = told(tmp_path)
    folder = tmp_path / "mirror" / "gpu1" / "runs" / "a-0000"
    history = History(tmp_path)
    keep(folder, next(entry for entry in history.runs() if entry.run == "a-0000"))
    history.close()
    for name in ("metrics.jsonl", "train.log"):
        (folder / name).unlink()
    (tmp_path / FILE).unlink()
    assert told(tmp_path)[0] == before
    mirror = Mirror(tmp_path, "gpu1")
    assert not any(dated.event.folder == "runs/a-0000" for dated in mirror.load())
    mirror.take(Document("runs/a-0000", "exit.json", '{"code": 0}'))  # it is on its host again
    mirror.close()
    assert not (folder / GONE).exists()
    assert any(dated.event.folder == "runs/a-0000" for dated in Mirror(tmp_path, "gpu1", write=False).load())
