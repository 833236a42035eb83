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
from trainer.schema import ConfigError

NOW = 1_000_000.0


def entry(run, worker="w", host="gpu1", **more):
    base = {"race": "", "detail": "", "config": "c", "state": "finished", "started": NOW - 86400, "ended": NOW}
    figures = {"epoch": 3, "epochs": 3, "metrics": {"val_accuracy": 0.5}, "best": {"val_accuracy": 0.9}, "seen": NOW}
    return Entry(**{"host": host, "run": run, "worker": worker, **base, **figures, **more})


ORIGIN = {"by": "user1", "project.branch": "main"}
ENTRIES = [
    entry("a-1", "a", metrics={"val_accuracy": 0.85}),
    entry("b-1", "b", host="laptop", state="failed", detail="ValueError: no", origin=ORIGIN),
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
        (["acc>0.8 host~gpu", "!before:7d"], "a-1"),
        (["!since:7d"], "c-1"),
        (["since:1970-01-05"], "a-1 b-1"),
        (["by=user1"], "b-1"),
        (["!by=us"], "a-1 c-1"),
        (["project.branch~^main$"], "b-1"),
        (["run=c-"], "c-1"),
        (["!acc>0.8"], "b-1 c-1"),
        (["epoch>=3", "a-1"], "a-1"),
    ],
)
def test_terms(words, found):
    wanted = past.parse(words, LABELS, NOW, ENTRIES)
    assert [item.run for item in ENTRIES if wanted(item)] == found.split()


@pytest.mark.parametrize("text", ["7", "d", "7 days", "-3d", ""])
def test_a_time_that_is_none(text):
    with pytest.raises(ValueError, match="write it as 30m"):
        past.parse([f"since:{text}"], {}, NOW, ENTRIES)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("since:7", "since:7: '7' is no time — write it as 30m, 12h, 7d, 4w, 1y or 2026-01-31"),
        ("before:2026-13-01", "'2026-13-01' is no time"),
        ("sinse:7d", "sinse: is no term — did you mean 'since'?"),
        ("tags:paper", "did you mean 'tag'?"),
        ("until:3d", "until: is no term — known: before, note, since, tag"),
        ("tag:", "tag: names nothing — write tag:TEXT"),
        ("val_acuracy>0.5", "no run has a field or figure 'val_acuracy' — did you mean 'val_accuracy'?"),
        ("bye=user1", "did you mean 'by'?"),
        ("a>0.5", "'a' could be val_accuracy or val_ratio — write more of its name"),
        ("host>3", "host is text — use host= or host~"),
        ("epoch~3", "epoch is a figure — use > < >= <= or ="),
        ("val_accuracy>high", "compare it with a number, not 'high'"),
        ("host~gpu[", "no regular expression: unterminated character set at position 3 — put \\ before signs"),
        ("!*", "no regular expression: nothing to repeat"),
    ],
)
def test_a_word_that_is_none_is_named_with_its_mend(word, said):
    entries = [*ENTRIES, entry("d-1", metrics={"val_accuracy": 0.1, "val_ratio": 1.0})]
    with pytest.raises(ConfigError) as found:
        past.parse(["host~gpu", word], {}, NOW, entries)
    assert str(found.value).startswith(f"trajconsole history: {word}: ") and said in str(found.value)


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
    assert history("search", "a-1")[0] == 0
    assert history("a-1", "--csv", str(state / "new" / "runs.csv"))[0] == 0
    assert (state / "new" / "runs.csv").read_text().count("\n") == 2 and len(list((state / "new").iterdir())) == 1
    assert main(["--state", str(state), "history", "since:7"]) == 2
    assert "'7' is no time" in capsys.readouterr().err
