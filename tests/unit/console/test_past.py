"""The history, searched by figures, times and labels; labels of several consoles at once are all kept."""

import csv
import io
import json
import threading
import time

import pytest

from console import past
from console.cli import main
from console.history import Entry, History
from console.labels import Label, Labels, check_tag

NOW = 1_000_000.0


def entry(run, worker="w", host="gpu1", **more):
    base = {"race": "", "detail": "", "config": "c", "state": "finished", "started": NOW - 86400, "ended": NOW}
    figures = {"epoch": 3, "epochs": 3, "metrics": {"val_accuracy": 0.5}, "best": {"val_accuracy": 0.9}, "seen": NOW}
    return Entry(**{"host": host, "run": run, "worker": worker, **base, **figures, **more})


ENTRIES = [
    entry("a-1", "a", metrics={"val_accuracy": 0.85}),
    entry("b-1", "b", host="laptop", state="failed", detail="ValueError: no"),
    entry("c-1", "c", started=NOW - 30 * 86400, race="duel-1"),
]
LABELS = {"gpu1:a-1": Label(("paper",), "good one")}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], "a-1 b-1 c-1"),
        (["acc>0.8"], "a-1"),
        (["host~gpu", "since:7d"], "a-1"),
        (["before:7d"], "c-1"),
        (["state=failed"], "b-1"),
        (["tag:paper"], "a-1"),
        (["!tag:paper", "host~gpu"], "c-1"),
        (["note:GOOD"], "a-1"),
        (["duel"], "c-1"),
        (["no-such"], ""),
    ],
)
def test_terms(words, found):
    wanted = past.parse(words, LABELS, NOW)
    assert [item.run for item in ENTRIES if wanted(item)] == found.split()


@pytest.mark.parametrize("text", ["7", "d", "7 days", "-3d", ""])
def test_a_time_that_is_none(text):
    with pytest.raises(ValueError, match="write it as 30m"):
        past.parse([f"since:{text}"], {}, NOW)


def test_many_consoles_label_at_once_and_nothing_is_lost(tmp_path):
    def work(number):
        for turn in range(10):
            Labels(tmp_path).change(
                [f"h:{number}"], lambda label, turn=turn: label.tagged(frozenset({f"t{turn}"}), frozenset())
            )

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key: len(label.tags) for key, label in Labels(tmp_path).all().items()} == {f"h:{n}": 10 for n in range(4)}


def test_a_damaged_file_of_labels_is_named_and_kept(tmp_path):
    (tmp_path / "labels.json").write_text("{")
    with pytest.raises(ValueError, match=r"labels\.json is no JSON"):
        Labels(tmp_path).change(["h:r"], lambda label: label)
    assert (tmp_path / "labels.json").read_text() == "{"
    with pytest.raises(ValueError, match="cannot be a tag"):
        check_tag("a b")


@pytest.fixture
def state(tmp_path):
    history = History(tmp_path)
    history.keep(
        [entry("a-1", "a", started=time.time()), entry("b-1", "b", host="laptop", metrics={"loss": 2.0}, best={})]
    )
    history.close()
    return tmp_path


def test_the_command(state, capsys):
    def history(*words):
        code = main(["history", "--state", str(state), *words])
        return code, capsys.readouterr().out

    code, out = history("since:1d")
    assert code == 0 and "a-1" in out and "b-1" not in out
    assert history("no-such-run")[0] == 1
    code, out = history("a-1", "--add", "paper", "--note", "good one")
    assert code == 0 and out == "gpu1:a-1  #paper  “good one”\n"
    assert "#paper" in history()[1]
    code, out = history("tag:paper", "--json")
    assert [(row["run"], row["tags"], row["note"]) for row in json.loads(out)["runs"]] == [
        ("a-1", ["paper"], "good one")
    ]
    rows = list(csv.DictReader(io.StringIO(history("--csv", "-")[1])))
    assert [(row["run"], row["loss"], row["best_val_accuracy"], row["tags"]) for row in rows] == [
        ("a-1", "", "0.9", "paper"),
        ("b-1", "2.0", "", ""),
    ]
    assert history("--note", "x")[0] == 2  # of which?
    assert history("~", "--note", "x")[0] == 2
    assert history("a-1", "--remove", "paper", "--note", "")[0] == 0
    assert history("tag:paper")[0] == 1
