"""Shards on disk: killed at any point and made again, they end with the same bytes."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from trainer.data.records import MANIFEST, PER_SHARD, Plan, Records, held, make

DTYPE = np.dtype([("number", "<i8"), ("block", "u1", (4, 3))])
COUNT = 3 * PER_SHARD + 10


def silent(what: str, done: float, total: float | None) -> None:
    pass


def fill(first: int, end: int, out) -> None:
    out["number"] = np.arange(first, end)
    out["block"] = (np.arange(first, end) % 251)[:, None, None]


def plan(folder: Path, count: int = COUNT, identity: str = "numbers") -> Plan:
    return Plan(folder, DTYPE, count, identity, "numbers")


def bytes_of(folder: Path) -> dict[str, str]:
    files = (path for path in folder.iterdir() if path.name != ".lock")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_what_was_made_is_read_back(tmp_path: Path) -> None:
    seen: list[tuple[float, float | None]] = []
    found = make(plan(tmp_path), fill, lambda what, done, total: seen.append((done, total)))
    assert len(found) == COUNT
    rows = np.array([0, COUNT - 1, PER_SHARD, 5, 5])
    assert found.take("number", rows).tolist() == rows.tolist()
    assert (found.take("block", rows)[1] == (COUNT - 1) % 251).all() and found.take("block", rows).shape == (5, 4, 3)
    assert (found.all("number") == np.arange(COUNT)).all()
    assert seen[0] == (0, COUNT) and seen[-1] == (COUNT, COUNT)
    assert found.damaged() == []


def test_a_finished_folder_is_not_made_again(tmp_path: Path) -> None:
    make(plan(tmp_path), fill, silent)
    before = bytes_of(tmp_path)

    def never(first: int, end: int, out) -> None:
        raise AssertionError("made again")

    assert len(make(plan(tmp_path), never, silent)) == COUNT
    assert bytes_of(tmp_path) == before


@pytest.mark.parametrize("shard", range(4))
def test_resumed_after_a_fault_it_ends_with_the_same_bytes(tmp_path: Path, shard: int) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    make(plan(whole), fill, silent)
    calls: list[int] = []

    def faulty(first: int, end: int, out) -> None:
        calls.append(first)
        if len(calls) == shard + 1:
            raise KeyboardInterrupt
        fill(first, end, out)

    with pytest.raises(KeyboardInterrupt):
        make(plan(broken), faulty, silent)
    again: list[int] = []
    make(plan(broken), lambda first, end, out: (again.append(first), fill(first, end, out))[1], silent)
    assert bytes_of(broken) == bytes_of(whole)
    assert len(again) <= 4 - max(shard - 1, 0), "finished shards are kept"


SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import test_records as own
def slow(first, end, out):
    own.fill(first, end, out)
    time.sleep(0.03)
    print(first, flush=True)
own.make(own.plan(Path(sys.argv[1])), slow, own.silent)
"""


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.045])
def test_killed_it_resumes_to_the_same_bytes(tmp_path: Path, delay: float) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    make(plan(whole), fill, silent)
    command = [sys.executable, "-c", SCRIPT, str(killed), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
    make(plan(killed), fill, silent)
    assert bytes_of(killed) == bytes_of(whole)


def test_a_damaged_shard_of_an_unfinished_folder_is_made_again(tmp_path: Path) -> None:
    make(plan(tmp_path), fill, silent)
    before = bytes_of(tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    manifest["shards"][3] = None
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with (tmp_path / "shard-00001.npy").open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"xxxxx")
    made: list[int] = []
    make(plan(tmp_path), lambda first, end, out: (made.append(first), fill(first, end, out))[1], silent)
    assert made == [PER_SHARD, 3 * PER_SHARD]
    assert bytes_of(tmp_path) == before


def test_damage_in_a_finished_folder_is_named(tmp_path: Path) -> None:
    found = make(plan(tmp_path), fill, silent)
    with (tmp_path / "shard-00002.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    assert found.damaged() == ["shard-00002.npy"]


def test_other_data_in_the_folder_are_not_touched(tmp_path: Path) -> None:
    make(plan(tmp_path), fill, silent)
    before = bytes_of(tmp_path)
    with pytest.raises(
        ValueError, match=r"holds other data \(numbers, 778 records\), not letters.*choose another folder"
    ):
        make(plan(tmp_path, identity="letters"), fill, silent)
    with pytest.raises(ValueError, match="holds other data"):
        make(plan(tmp_path, count=12), fill, silent)
    assert bytes_of(tmp_path) == before


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 1}'])
def test_a_damaged_manifest_is_an_error_with_the_mend(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json is damaged .*remove its folder"):
        make(plan(tmp_path), fill, silent)


def test_a_full_disk_is_found_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10_000, 9_000, 1_000))
    with pytest.raises(OSError, match=r"needs 0\.00 GB, 0\.00 GB are free: free some"):
        make(plan(tmp_path), fill, silent)
    assert list(tmp_path.glob("*.npy")) == []


def test_the_second_of_two_waits_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    waited = threading.Event()

    def report(what: str, done: float, total: float | None) -> None:
        said.append(what)
        waited.set()

    def second() -> None:
        make(plan(tmp_path), fill, report)

    with held(tmp_path, silent):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(10)
        assert not (tmp_path / MANIFEST).exists()
    thread.join(10)
    assert said[0] == "waits for another worker that is making the data"
    assert len(Records(tmp_path)) == COUNT


def test_whoever_waits_can_be_told_to_stop(tmp_path: Path) -> None:
    def report(what: str, done: float, total: float | None) -> None:
        raise KeyboardInterrupt

    with held(tmp_path, silent), pytest.raises(KeyboardInterrupt):
        make(plan(tmp_path), fill, report)
