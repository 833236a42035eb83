"""The probe as a process: it ends when nobody needs it, and stays small and punctual when it is not read."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remote import bundle

STREAMS = [{"parent": "runs", "documents": ["status.json"], "streams": ["log"]}]


class Probe:
    def __init__(self, root, **request):
        self.process = subprocess.Popen(
            bundle.argv(sys.executable), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        row = {"k": "watch", "root": str(root), "folders": STREAMS, "lease": 30, "heartbeat": 0.2, **request}
        self.process.stdin.write(bundle.bundle() + json.dumps(row).encode() + b"\n")
        self.process.stdin.flush()

    def rows(self):
        for line in self.process.stdout:
            yield json.loads(line)

    def until(self, kind):
        return next(row for row in self.rows() if row["k"] == kind)


@pytest.fixture
def probe(tmp_path):
    made = []

    def make(**request):
        made.append(Probe(tmp_path, **request))
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_it_ends_at_the_end_of_its_input(probe):
    one = probe()
    one.until("synced")
    one.process.stdin.close()
    assert one.process.wait(10) == 0


def test_it_ends_when_the_lease_runs_out_and_not_while_it_is_renewed(probe):
    one = probe(lease=0.6)
    began = time.monotonic()
    for _ in range(6):
        time.sleep(0.2)
        one.process.stdin.write(b'{"k":"beat"}\n')
        one.process.stdin.flush()
    assert one.process.poll() is None
    assert one.process.wait(10) == -14 and time.monotonic() - began > 1.2


def test_the_lease_holds_also_while_nobody_reads(probe, tmp_path):
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "runs/a/log").write_bytes(b"line\n" * 1_000_000)
    assert probe(lease=1.5).process.wait(20) == -14


def test_it_ends_when_its_reader_is_gone(probe):
    one = probe()
    one.until("synced")
    one.process.stdout.close()
    assert one.process.wait(10) == 0


def test_memory_is_bounded_while_the_reader_is_slow(probe, tmp_path):
    one = probe()
    one.until("synced")
    before = resident(one.process.pid)
    (tmp_path / "runs/a").mkdir(parents=True)
    (tmp_path / "runs/a/log").write_bytes(b"a line of a log\n" * 4_000_000)  # 64 MB
    time.sleep(1.5)
    assert resident(one.process.pid) - before < 8_000_000


def test_heartbeats_come_between_the_pieces_of_a_backlog(probe, tmp_path):
    (tmp_path / "runs/a").mkdir(parents=True)
    content = b"".join(b"line %d of a long log\n" % number for number in range(1_500_000))
    (tmp_path / "runs/a/log").write_bytes(content)
    one, beats, pieces = probe(heartbeat=0.1), 0, []
    for row in one.rows():
        if row["k"] == "host":
            beats += 1
        elif row["k"] == "chunk":
            pieces.append(row["text"])
            time.sleep(0.002)
        elif row["k"] == "synced":
            break
    assert "".join(pieces).encode() == content and beats >= 3


def test_a_document_and_its_process_follow_each_other(probe, tmp_path):
    (tmp_path / "runs/a").mkdir(parents=True)
    one = probe()
    one.until("synced")
    child = subprocess.Popen(["sleep", "1000"])
    try:
        (tmp_path / "runs/a/status.json").write_text(json.dumps({"pid": child.pid}))
        assert json.loads(one.until("doc")["text"]) == {"pid": child.pid}
        row = one.until("process")
        assert (row["folder"], row["document"], row["pid"], row["alive"]) == ("runs/a", "status.json", child.pid, True)
        assert row["memory"] > 0
    finally:
        child.kill()
        child.wait()
    while one.until("process")["alive"]:
        pass


def test_figures_count_up_and_hold_the_roots_disk_first(probe, tmp_path):
    one = probe()
    first, second = one.until("host"), one.until("host")
    assert (first["seq"], second["seq"]) == (0, 1) and second["mono"] > first["mono"]
    # Not its name: one filesystem may be mounted in several places.
    assert Path(second["disks"][0]["mount"]).stat().st_dev == tmp_path.stat().st_dev
    assert 0 <= second["cpu"] <= 1


def test_facts_come_when_they_are_wanted_first_without_then_with_caches(probe, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "wheel").write_bytes(b"x" * 100_000)
    monkeypatch.setenv("PIP_CACHE_DIR", str(cache))
    one = probe(facts_after=0.1)
    first, second = one.until("facts"), one.until("facts")
    assert (first["whole"], first["caches"], second["whole"]) == (False, [], True)
    (pip,) = [row for row in second["caches"] if row["name"] == "pip"]
    assert pip["path"] == str(cache) and pip["bytes"] >= 100_000 and pip["whole"]
    one.until("host")  # and the heartbeat goes on


def test_who_only_asks_for_the_state_does_not_pay_for_caches(probe):
    one = probe()
    rows = [next(one.rows()) for _ in range(8)]
    assert [row["whole"] for row in rows if row["k"] == "facts"] == [False]
    assert [row["k"] for row in rows].count("host") >= 3
