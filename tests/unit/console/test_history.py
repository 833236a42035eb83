"""The index: kept across consoles, and built anew when it is damaged."""

import math
import sqlite3

import pytest

from console.history import FILE, Entry, History
from console.history.versions import STEPS


def entry(**more) -> Entry:
    names = {"host": "h", "run": "r", "worker": "w", "race": "", "state": "training", "detail": "", "config": "c"}
    figures = {"started": 1.0, "ended": None, "epoch": 1, "epochs": 2, "metrics": {"loss": math.inf}, "best": {}}
    return Entry(**{**names, **figures, "seen": 5.0, **more})


@pytest.fixture
def history(tmp_path):
    history = History(tmp_path)
    yield history
    history.close()


def test_a_run_is_kept_with_its_newest_figures(history, tmp_path):
    history.keep([entry(), entry(run="older", started=0.5)])
    history.keep([entry(state="finished", ended=9.0)])
    history.close()
    again = History(tmp_path)
    assert [(item.run, item.state) for item in again.runs()] == [("r", "finished"), ("older", "training")]
    assert again.runs()[0] == entry(state="finished", ended=9.0)
    again.close()


def test_planned_since_the_first_time_it_was_seen(history):
    assert history.plan("c", [("a", "h")], 10.0) == {("a", "h"): 10.0}
    assert history.plan("c", [("a", "h"), ("b", "h")], 20.0) == {("a", "h"): 10.0, ("b", "h"): 20.0}
    assert history.plan("c", [("b", "h")], 30.0) == {("b", "h"): 20.0}
    assert history.plan("c", [("a", "h"), ("b", "h")], 40.0)["a", "h"] == 40.0
    assert history.plan("another", [("a", "h")], 50.0) == {("a", "h"): 50.0}
    assert history.plan("c", [("b", "h")], 60.0) == {("b", "h"): 20.0}


def test_winners_are_kept(history):
    history.keep_winner("race-1", "r", "w", 3.0)
    assert history.winners() == {"race-1": ("r", "w", 3.0)}


@pytest.mark.parametrize("damage", [b"not a database at all" * 80, b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_one_is_set_aside(tmp_path, damage):
    (tmp_path / FILE).write_bytes(damage)
    history = History(tmp_path)
    assert history.set_aside is not None and history.set_aside.read_bytes() == damage
    history.keep([entry()])
    assert history.runs() == [entry()]
    history.close()


def test_a_damaged_page_is_found(tmp_path):
    history = History(tmp_path)
    history.keep([entry(run=f"run-{number}", detail="x" * 200) for number in range(200)])
    history.close()
    data = bytearray((tmp_path / FILE).read_bytes())
    data[8192:20000] = b"\xff" * (20000 - 8192)
    (tmp_path / FILE).write_bytes(data)
    again = History(tmp_path)
    assert again.set_aside is not None and again.runs() == []
    again.close()


def test_two_consoles_share_it(history, tmp_path):
    second = History(tmp_path)
    history.keep([entry()])
    second.keep([entry(run="other")])
    assert len(history.runs()) == len(second.runs()) == 2
    second.close()


def test_the_version_says_which_migrations_it_has(history, tmp_path):
    base = sqlite3.connect(tmp_path / FILE)
    assert base.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    base.close()


def test_what_cannot_be_written_is_a_problem_until_it_can(history):
    history._base.execute("PRAGMA query_only = 1")  # as a disk behaves that was remounted read-only
    assert not history.offer([entry()], [("race-1", "r", "w", 3.0)])
    assert "history.sqlite cannot be written: attempt to write a readonly database" in history.problem
    history._base.execute("PRAGMA query_only = 0")
    assert history.offer([entry()], [("race-1", "r", "w", 3.0)]) and not history.problem
    assert history.runs() == [entry()] and history.winners() == {"race-1": ("r", "w", 3.0)}


def test_halves_of_characters_do_not_keep_a_run_out(history):
    history.keep([entry(detail="ab\ud800c", origin={"by": "\udfff"})])
    assert [(item.detail, item.origin) for item in history.runs()] == [("ab?c", {"by": "?"})]
