"""Old runs leave this laptop by rule: never a labelled or living one, and an only copy only when that was said."""

import json
import time
from pathlib import Path

import pytest

from console.cli import main
from console.config import parse
from console.fleet.model import Pulled, RunKey
from console.history import Entry, History, prune
from console.history.retention import FORGET, THIN, Held, Rules, due, verdict
from console.labels import Label, Labels
from console.mirror import GONE, Mirror
from console.pulling.choice import LEDGER
from console.pulling.ledger import Pulls
from remote.events import Chunk, Document, FolderGone
from remote.transfer.plan import Kept

DAY = 86400.0
NOW = time.time()
CONFIG = '[hosts.here]\n[history]\nkeep_mirror = "90d"\nkeep_runs = "2y"\nkeep = ["host~far state=failed"]\n'


def entry(run, days, host="here", state="finished"):
    when = NOW - days * DAY
    return Entry(host, run, "w", "", when - 60, when, state, "", 1, 1, {"loss": 0.5}, {}, "c", NOW)


def runs(state):
    history = History(state)
    found = {item.run: item for item in history.runs()}
    history.close()
    return found


@pytest.fixture
def laptop(tmp_path, monkeypatch):
    """Runs of a host that is configured and of one that is not, old and new, pulled and not, labelled and not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    state = tmp_path / "state"
    rows = [
        entry("new", 10), entry("there", 100), entry("pulled", 100), entry("ancient", 1000), entry("only", 100),
        entry("tagged", 1000), entry("living", 100, state="training"), entry("far", 100, "far"),
        entry("far-kept", 100, "far", "failed"), entry("changed", 100),
    ]  # fmt: skip
    for host in ("here", "far"):
        mirror = Mirror(state, host)
        for row in rows:
            if row.host == host:
                folder = f"runs/{row.run}"
                mirror.take(Document(folder, "run.toml", "[run]\nepochs = 1\n"))
                mirror.take(Chunk(folder, "metrics.jsonl", 1, 0, b'{"step": 1, "loss": 0.5}\n' * 40))
                mirror.take(Chunk(folder, "train.log", 2, 0, b"line\n" * 200))
                if host == "here" and row.run not in ("there", "living"):
                    mirror.take(FolderGone(folder))
        mirror.close()
    history = History(state)
    history.keep(rows)
    history.close()
    for name in ("pulled", "ancient", "changed", "new"):
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        (folder / "results.json").write_text("{}")
        about = (folder / "results.json").stat()
        kept = {"bytes": 2, "mtime_ns": about.st_mtime_ns, "sha256": "x"}
        (folder / LEDGER).write_text(json.dumps({"host": "here", "files": {"results.json": kept}}))
        if name == "changed":
            (folder / "results.json").write_text("{ }")
        Pulls(state).note(RunKey("here", name), Pulled(str(folder), NOW, True))
    Labels(state).change(["here:tagged"], lambda label: Label(note="for the talk"))
    return state


def command(state, *words):
    return main(["--state", str(state), "history", "prune", *words])


def mirrored(state, run, host="here"):
    folder = state / "mirror" / host / "runs" / run
    return {path.name for path in folder.iterdir()} if folder.is_dir() else None


def test_the_rules_of_the_configuration(laptop, capsys):
    before = runs(laptop)
    assert command(laptop, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "ancient  here  all that is known of it: 2K" in out
    assert "pulled  here  its metrics, events and logs: 2K" in out
    for why in ("1 run: it is tagged or has a note", "1 run: it was alive when it was last seen",
                "1 run: it is still on its host", "3 runs: there is no other copy: --only-copies takes it too",
                "1 run: a search of [history] keep finds it"):  # fmt: skip
        assert why in out, out
    assert "2 runs, " in out and runs(laptop) == before and mirrored(laptop, "ancient")
    assert command(laptop) == 2 and "--yes says that it may be" in capsys.readouterr().err
    assert main(["--state", str(laptop), "--readonly", "history", "prune", "--yes"]) == 2
    assert runs(laptop) == before

    assert command(laptop, "--yes") == 0
    assert "2 runs pruned" in capsys.readouterr().out
    assert runs(laptop).keys() == before.keys() - {"ancient"} and mirrored(laptop, "ancient") is None
    assert RunKey("here", "ancient") not in Pulls(laptop).load() and Path("results/ancient/results.json").exists()
    assert mirrored(laptop, "pulled") == {"run.toml", GONE, ".entry.json"}
    assert {"metrics.jsonl", "train.log"} <= mirrored(laptop, "only") & mirrored(laptop, "far", "far")
    (laptop / "history.sqlite").unlink()
    assert runs(laptop)["pulled"] == before["pulled"]
    assert command(laptop, "--yes") == 0 and "0 runs" in capsys.readouterr().out


def test_only_copies_go_when_that_is_said_and_a_host_that_is_gone_keeps_nothing_alive(laptop, capsys):
    assert command(laptop, "--older", "90d", "--only-copies", "--yes", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    went = {row["run"] for row in found["runs"] if not row["kept"]}
    assert found["done"] and went == {"pulled", "ancient", "only", "far", "changed"}
    assert found["bytes"] == 5 * (25 * 40 + 5 * 200)
    assert runs(laptop).keys() >= went
    loaded = {dated.event.folder for dated in Mirror(laptop, "far", write=False).load()}
    assert loaded == {"runs/far-kept"}


def test_only_among_those_that_are_named(laptop, capsys):
    assert command(laptop, "--forget", "30d", "--yes", "run=pulled") == 0
    assert "pulled" not in runs(laptop) and "ancient" in runs(laptop)
    assert command(laptop, "--older", "soon") == 2 and "'soon' is no time" in capsys.readouterr().err
    Path("config.toml").write_text("[hosts.here]\n")
    assert command(laptop) == 2 and "--older 90d" in capsys.readouterr().err


def test_what_was_left_half_way_is_finished(laptop, monkeypatch):
    def killed(folder):
        (folder / GONE).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prune.shutil, "rmtree", killed)
        assert command(laptop, "--yes", "ancient") != 0
    assert "ancient" in runs(laptop) and mirrored(laptop, "ancient") is None
    assert command(laptop, "--yes") == 0
    assert "ancient" not in runs(laptop) and not list((laptop / "mirror" / "here").glob(".pruned-*"))


HELD = {"configured": True, "mirrored": True, "gone": True, "pulled": True, "streams": 5, "bytes": 9}


@pytest.mark.parametrize(
    ("held", "state", "only", "why"),
    [
        ({}, "finished", False, ""),
        ({"pulled": False}, "finished", False, "there is no other copy"),
        ({"pulled": False}, "finished", True, ""),
        ({"gone": False}, "finished", True, "it is still on its host"),
        ({"gone": False}, "training", True, "it was alive"),
        ({"gone": False, "configured": False, "pulled": False}, "training", False, "there is no other copy"),
        ({"gone": False, "configured": False, "pulled": False}, "training", True, ""),
        ({"mirrored": False, "gone": False, "pulled": False}, "finished", False, ""),
    ],
)
def test_why_a_run_stays(held, state, only, why):
    rules = Rules(runs=100 * DAY, mirror=50 * DAY, only_copies=only)
    old = entry("r", 101, state=state)
    (found,) = verdict(old, due(old, rules, NOW), Held(**HELD | held), "", rules)
    assert (found.deed, found.bytes) == (FORGET, 9) and found.why.startswith(why) and bool(found.why) == bool(why)
    (found,) = verdict(old, THIN, Held(**HELD | held), "it is loved", rules)
    assert (found.bytes, found.why) == (5, "it is loved")
    assert [due(entry("r", days), rules, NOW) for days in (49, 51, 101)] == ["", THIN, FORGET]


def test_rules_that_are_none_are_named_with_their_mend():
    with pytest.raises(ValueError, match=r"history.keep_mirror: .90 days. is no time: write it as") as found:
        parse('[hosts.here]\n[history]\nkeep_mirror = "90 days"\n', Path("c.toml"))
    assert "c.toml:3" in str(found.value)
    with pytest.raises(ValueError, match="did you mean 'keep_mirror'"):
        parse('[hosts.here]\n[history]\nkeep_miror = "90d"\n', Path("c.toml"))
    assert parse("[hosts.here]\n", Path("c.toml")).history.keep_runs == ""


def test_a_ledger_whose_files_were_touched_is_no_copy(tmp_path):
    assert not prune._untouched(tmp_path, "here")
    (tmp_path / "f").write_text("1")
    about = (tmp_path / "f").stat()
    kept = Kept(1, about.st_mtime_ns, "x")
    row = {"bytes": kept.size, "mtime_ns": kept.mtime_ns, "sha256": kept.sha256}
    (tmp_path / LEDGER).write_text(json.dumps({"host": "here", "files": {"f": row}}))
    assert prune._untouched(tmp_path, "here") and not prune._untouched(tmp_path, "elsewhere")
    (tmp_path / "f").write_text("22")
    assert not prune._untouched(tmp_path, "here")
