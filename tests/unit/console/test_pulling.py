"""Which files of a run are pulled, and what is written down of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import config, rates
from console.fleet.model import Pulled, RunKey
from console.pulling import ledger, words
from console.pulling.choice import INDEX, LEDGER, Choice, grows, named
from console.pulling.ledger import Ledger, Pulls
from remote.transfer.listing import Left
from remote.transfer.pace import Progress
from remote.transfer.plan import Kept
from trainer.schema import ConfigError

ROWS = [{"file": f"epoch-{n}.pt", "step": n * 10, "sha256": "x"} for n in (1, 2, 3)]
STATUS = {"best": {"val_accuracy": {"value": 0.9, "step": 10, "mode": "max"}}}


@pytest.mark.parametrize(
    ("checkpoints", "results", "status", "wanted"),
    [
        ("both", {"best_checkpoint": "epoch-2.pt"}, STATUS, {"epoch-2.pt", "epoch-3.pt"}),
        ("best", {"best_checkpoint": "checkpoints/epoch-2.pt"}, STATUS, {"epoch-2.pt"}),
        ("best", None, STATUS, {"epoch-1.pt"}),
        ("best", {"best_checkpoint": "gone.pt"}, None, {"epoch-3.pt"}),
        ("best", {"best_checkpoint": ["x"]}, {"best": [1]}, {"epoch-3.pt"}),
        ("last", None, None, {"epoch-3.pt"}),
    ],
)
def test_the_chosen_checkpoints(checkpoints, results, status, wanted):
    assert named(Choice(checkpoints), {"checkpoints": ROWS}, results, status) == wanted


@pytest.mark.parametrize("index", [None, {}, {"checkpoints": 3}, {"checkpoints": [3, {"file": 4}]}])
def test_a_run_without_a_list_of_its_checkpoints(index):
    choice = Choice()
    assert named(choice, index, None, None) is None
    assert choice.checkpoint("checkpoints/any.pt", None) and not Choice("none").checkpoint("checkpoints/any.pt", None)


def test_the_record_is_all_else():
    choice = Choice()
    taken = ["metrics.jsonl", "figures/race.png", "run.toml", INDEX, "anything/else"]
    left = ["checkpoints/a.pt", "lock", "launch.lock", "stop", ".status.json.part", "a/.b/c", LEDGER]
    assert all(map(choice.record, taken)) and not any(map(choice.record, left))
    assert not Choice("none").record(INDEX)


def test_include_and_exclude():
    assert Choice(include=("*.png",)).record("figures/a.png") and not Choice(include=("*.png",)).record("train.log")
    assert not Choice(exclude=("figures",)).record("figures/a.png")
    assert not Choice("all", exclude=("*.pt",)).checkpoint("checkpoints/a.pt", None)
    assert Choice().everything and not Choice("last").everything and not Choice(exclude=("x",)).everything


def test_what_grows():
    assert grows("train.log") and grows("metrics.jsonl") and not grows("status.json") and not grows("other.log")


KEPT = {"train.log": Kept(3, 77, "ab")}


def test_the_ledger_is_read_back(tmp_path):
    found = Ledger("r", "w", "gpu1", "/far/r", "finished", 5.0, True, Choice(), KEPT, (Left("x", "it is a link"),))
    ledger.write(tmp_path, found)
    assert ledger.read(tmp_path, "gpu1") == KEPT
    assert ledger.read(tmp_path, "gpu2") == {}, "another host's run of that name"
    written = json.loads((tmp_path / LEDGER).read_text())
    assert written["complete"] is True and written["files"]["train.log"]["sha256"] == "ab"


LEAVES = st.none() | st.integers() | st.text(max_size=5)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=8)


@given(JSON)
def test_a_ledger_that_is_none(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("ledger")
    for document in (value, {"host": "h", "files": value}, {"host": "h", "files": {"a": value}}):
        (folder / LEDGER).write_text(json.dumps(document))
        assert ledger.read(folder, "h") == {}
    (folder / LEDGER).write_bytes(b"\xff{")
    assert ledger.read(folder, "h") == {}


def test_what_was_touched_since_is_no_longer_known(tmp_path):
    (tmp_path / "a").write_text("abc")
    about = (tmp_path / "a").stat()
    kept = {"a": Kept(3, about.st_mtime_ns, "x"), "b": Kept(3, 1, "x")}
    assert set(ledger.still_here(tmp_path, kept)) == {"a"}


def test_pulls_are_found_again_while_they_are_there(tmp_path):
    pulls, other, copy = Pulls(tmp_path), Pulls(tmp_path), tmp_path / "copy"
    assert pulls.load() == {} and not pulls.changed()
    copy.mkdir()
    (copy / LEDGER).write_text("{}")
    noted = Pulled(str(copy), 5.0, True)
    other.note(RunKey("h", "r"), noted)
    assert pulls.changed() and pulls.load() == {RunKey("h", "r"): noted} and not pulls.changed()
    (copy / LEDGER).unlink()
    assert pulls.load() == {}
    (tmp_path / "pulls/bad.json").write_text('{"host": 3}')
    assert pulls.load() == {}


@pytest.mark.parametrize(
    ("text", "rate"),
    [("20MB/s", 20e6), ("500 KB/s", 5e5), ("1.5GiB/s", 1.5 * 2**30), ("2000B/s", 2000.0), ("1mb/s", 1e6)],
)
def test_rates(text, rate):
    assert rates.parse(text) == rate


@pytest.mark.parametrize("text", ["", "20", "20MB", "MB/s", "-1MB/s", "1e9MB/s", "20 megabytes/s", "10B/s"])
def test_rates_that_are_none(text):
    with pytest.raises(ValueError, match="20MB/s"):
        rates.parse(text)


def test_a_bandwidth_of_config_toml_is_judged_there(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[hosts.a]\nbandwidth = "fast"\n')
    with pytest.raises(ConfigError, match=r"config.toml:2: hosts.a.bandwidth: 'fast' is no bandwidth.*20MB/s"):
        config.load(path)


def test_words():
    now = Progress(12, 60, 340 * 2**20, 1200 * 2**20, 18.2 * 2**20, 48.0)
    assert words.progress(now) == "12/60 files  0.3/1.2G  18.2M/s  0:48 left"
    assert words.progress(Progress(words="try 1 of 6")) == "try 1 of 6"
    assert words.share(now) == pytest.approx(340 / 1200) and words.share(Progress()) is None
    assert "nothing to do: 3 files" in words.verdict(0, 0, 3, "/x")
    assert words.left([Left("a", "x"), Left("b", "y")], most=1) == "a: x; and 1 more"
