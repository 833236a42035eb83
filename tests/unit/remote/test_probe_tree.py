"""Folders: found, followed, let go; finished ones cost little; the picture is complete once."""

import json
import os

import pytest

from remote.probe import folder as folder_module
from remote.probe.tree import Tree

PARENTS = [
    {"parent": "runs", "documents": ["status.json", "exit.json"], "streams": ["log"]},
    {"parent": "races", "documents": ["winner.json"], "streams": []},
]


class Bench:
    def __init__(self, root, offsets=None):
        self.rows, self.heard, self.left = [], [], []
        self.now = 1000.0
        self.tree = Tree(
            str(root), PARENTS, offsets or {}, self.rows.append, lambda _, doc: self.heard.append(doc), self.left.append
        )

    def look(self, after=0.1):
        self.now += after
        del self.rows[:]
        self.pause = self.tree.look(self.now)
        return [(row["k"], row.get("folder"), row.get("name")) for row in self.rows]


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "runs" / "a"
    folder.mkdir(parents=True)
    return folder


def test_a_root_that_is_not_there_yet_is_empty_and_then_not(tmp_path):
    bench = Bench(tmp_path / "later")
    assert bench.look() == [("synced", None, None)]
    (tmp_path / "later/runs/a").mkdir(parents=True)
    (tmp_path / "later/runs/a/log").write_text("x\n")
    assert bench.look(3.0) == [("chunk", "runs/a", "log")]


def test_everything_that_is_there_is_sent_and_then_synced_once(run, tmp_path):
    (run / "status.json").write_text("{}")
    (run / "log").write_text("x\n")
    (tmp_path / "races/r1").mkdir(parents=True)
    (tmp_path / "races/r1/winner.json").write_text('{"run": "a"}')
    (tmp_path / "races/r1/log").write_text("not asked for\n")
    (tmp_path / "runs/.hidden").mkdir()
    (tmp_path / "runs/file").write_text("")
    bench = Bench(tmp_path)
    assert bench.look() == [
        ("doc", "runs/a", "status.json"),
        ("chunk", "runs/a", "log"),
        ("doc", "races/r1", "winner.json"),
        ("synced", None, None),
    ]
    assert [document.text for document in bench.heard] == ["{}", '{"run": "a"}']
    assert bench.look() == []


def test_a_document_is_sent_when_its_text_changes_and_when_it_goes(run, tmp_path):
    (run / "status.json").write_text("1")
    bench = Bench(tmp_path)
    bench.look()
    (run / "status.json").write_text("22")
    assert bench.look() == [("doc", "runs/a", "status.json")] and bench.rows[0]["text"] == "22"
    (run / "status.json").touch()
    assert bench.look() == []
    (run / "status.json").unlink()
    assert bench.look() == [("doc", "runs/a", "status.json")] and bench.rows[0]["text"] is None
    assert bench.look() == []


def test_a_document_that_cannot_be_read_says_why(run, tmp_path, monkeypatch):
    monkeypatch.setattr("remote.probe.document.LARGEST", 3)
    (run / "status.json").write_text("long")
    bench = Bench(tmp_path)
    bench.look()
    assert bench.rows[0]["text"] is None and "larger than 3 bytes" in bench.rows[0]["problem"]


def test_folders_that_go_are_said_also_those_that_went_unseen(run, tmp_path):
    bench = Bench(tmp_path, {"runs/gone": {"log": [1, 2]}, "elsewhere/x": {"log": [1, 2]}})
    assert bench.look() == [("gone", "runs/gone", None), ("synced", None, None)]
    run.rmdir()
    assert bench.look() == [("gone", "runs/a", None)]
    assert bench.left == ["runs/gone", "runs/a"]


def test_offsets_are_used(run, tmp_path):
    (run / "log").write_text("old\nnew\n")
    bench = Bench(tmp_path, {"runs/a": {"log": [(run / "log").stat().st_ino, 4]}})
    bench.look()
    assert (bench.rows[0]["start"], bench.rows[0]["text"]) == (4, "new\n")


def test_a_backlog_is_worked_off_without_a_pause_and_synced_comes_after_it(run, tmp_path):
    (run / "log").write_text("line\n" * 100_000)
    bench = Bench(tmp_path)
    assert bench.look() == [("chunk", "runs/a", "log")] and bench.pause == 0.0
    looks = 0
    while bench.pause == 0.0:
        last = bench.look(0.0)
        looks += 1
        assert looks < 100
    assert ("synced", None, None) in last


def finish(run, age=3600.0):
    """Everything in the folder happened long ago."""
    for path in [*run.iterdir(), run]:
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))


def test_a_finished_folder_is_only_glanced_at_until_a_name_in_it_changes(run, tmp_path, monkeypatch):
    (run / "status.json").write_text("1")
    finish(run)
    bench = Bench(tmp_path)
    bench.look()
    looked = []
    original = folder_module.Document.look
    monkeypatch.setattr(folder_module.Document, "look", lambda self: looked.append(self.name) or original(self))
    for _ in range(3):
        bench.look(40.0)  # the complete looks
    complete = len(looked)
    assert complete == 6
    for _ in range(20):
        bench.look(0.1)
    assert len(looked) == complete
    (run / "exit.json").write_text("{}")  # a new name: the folder's own time changes
    found = [row for _ in range(20) for row in bench.look(0.1)]
    assert ("doc", "runs/a", "exit.json") in found


def test_a_finished_folder_in_which_a_process_lives_is_looked_at_all_the_time(run, tmp_path):
    (run / "log").write_text("x\n")
    finish(run)
    bench = Bench(tmp_path)
    bench.look()
    bench.tree.mark_alive({"runs/a"})
    bench.look()
    with (run / "log").open("a") as file:
        file.write("y\n")
    assert bench.look() == [("chunk", "runs/a", "log")]


def test_rows_are_plain_json(run, tmp_path):
    (run / "status.json").write_bytes(b"\xff")
    (run / "log").write_bytes(b"\xff\n")
    bench = Bench(tmp_path)
    bench.look()
    assert json.loads(json.dumps(bench.rows)) == bench.rows
