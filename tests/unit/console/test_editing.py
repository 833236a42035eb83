"""config.toml changed by the console: everything but the change stays as a person wrote it."""

import os
import threading
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import config
from console.editing.draft import ChangedMeanwhile, Draft, open_draft
from console.editing.text import Change, apply, read_value, value_text
from trainer.schema import ConfigError

SHIPPED = config.shipped().read_text()
FAR = 'ssh = "gpu1"       # by its alias'
TEXT = """# mine
[hosts.here]   # this one
transport = "local"

# the far one
[hosts.far]
ssh = "gpu1"       # by its alias

[workers.a]
host = "here"
set = { run.epochs = 20, optim.lr = 5e-4 }  # short
command = [
  "sh",   # a shell
  "-c",
]
[workers.a.env]
KEY = "1"

# rivals
[races.r]
workers = ["a", "b"]
"""


@pytest.mark.parametrize(
    ("change", "lines_gone", "lines_new"),
    [
        (Change(("hosts", "far", "ssh"), "gpu2"), [FAR], [FAR.replace("gpu1", "gpu2")]),
        (Change(("hosts", "far", "root"), "/big"), [], ['root = "/big"']),
        (Change(("hosts", "far", "ssh")), [FAR], []),
        (Change(("workers", "a", "host"), "far"), ['host = "here"'], ['host = "far"']),
        (
            Change(("workers", "a", "command"), ["true"]),
            ["command = [", '  "sh",   # a shell', '  "-c",', "]"],
            ['command = ["true"]'],
        ),
        (Change(("workers", "a", "env"), {"KEY": "2"}), ["[workers.a.env]", 'KEY = "1"'], ['env = { KEY = "2" }']),
        (
            Change(("workers", "a", "set"), {"run": {"epochs": 3}}),
            ["set = { run.epochs = 20, optim.lr = 5e-4 }  # short"],
            ["set = { run.epochs = 3 }  # short"],
        ),
        (Change(("hosts", "new"), {"ssh": "me@x:22"}), [], ["", "[hosts.new]", 'ssh = "me@x:22"']),
        (Change(("hosts", "far")), ["[hosts.far]", FAR], []),
    ],
)  # fmt: skip
def test_only_what_was_meant_changes(change, lines_gone, lines_new):
    old, new = TEXT.splitlines(), apply(TEXT, [change]).splitlines()
    assert sorted(line for line in old if old.count(line) > new.count(line)) == sorted(lines_gone)
    assert sorted({line for line in new if new.count(line) > old.count(line)}) == sorted(lines_new)


def test_new_tables_stand_with_their_kind_and_before_the_comment_of_the_next():
    text = apply(SHIPPED, [Change(("hosts", "gpu1"), {"ssh": "gpu1"}), Change(("workers", "w"), {"host": "gpu1"})])
    lines = text.splitlines()
    assert lines.index("[hosts.gpu1]") > next(n for n, line in enumerate(lines) if line.startswith("# root ="))
    next_words = next(n for n, line in enumerate(lines) if line.startswith("# A worker is something"))
    assert lines.index("[hosts.gpu1]") < next_words
    assert lines.index("[workers.pretrained]") < lines.index("[workers.w]") < lines.index("[races.persistence]")
    assert set(SHIPPED.splitlines()) <= set(lines)


def test_removing_a_worker_keeps_the_words_around_it():
    text = apply(SHIPPED, [Change(("workers", "pretrained"))])
    assert "pretrained" not in tomllib.loads(text)["workers"]
    comments = [line for line in SHIPPED.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == comments and "\n\n\n" not in text


def test_windows_lines_stay():
    text = apply(TEXT.replace("\n", "\r\n"), [Change(("hosts", "far", "root"), "/big")])
    assert text.count("\n") == text.count("\r\n") == TEXT.count("\n") + 1


@pytest.mark.parametrize(
    "text", ["hosts = { here = {} }\n", "hosts.here.transport = 'local'\n", "[hosts]\nhere = { transport = 'local' }\n"]
)
def test_what_is_written_in_another_way_is_changed_rightly_or_refused(text):
    change = Change(("hosts", "here", "root"), "/big")
    try:
        changed = apply(text, [change])
    except ValueError as error:
        assert "by hand" in str(error)
    else:
        assert tomllib.loads(changed)["hosts"]["here"]["root"] == "/big"


names = st.text("abz-_09", min_size=1, max_size=4)
numbers = st.one_of(st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False))
scalars = st.one_of(numbers, st.text(max_size=6), st.lists(st.integers(0, 3), max_size=3))
tables = st.dictionaries(names, st.one_of(scalars, st.dictionaries(names, scalars, max_size=2)), max_size=3)
changes = st.lists(
    st.one_of(
        st.builds(Change, st.tuples(st.sampled_from(["hosts", "workers"]), names), st.one_of(st.none(), tables)),
        st.builds(Change, st.tuples(st.just("workers"), names, names), st.one_of(st.none(), scalars, tables)),
    ),
    max_size=6,
)


@given(changes)
def test_any_changes_mean_what_was_meant_and_lose_no_comment(wanted):
    text = TEXT
    for change in wanted:
        there = tomllib.loads(text).get(change.key[0], {})
        if change.value is not None and len(change.key) == 2 and change.key[1] in there:
            continue  # a table that is there is changed key by key
        try:
            text = apply(text, [change])
        except ValueError:
            continue
    tomllib.loads(text)
    if not any(change.key[:2] == ("hosts", "here") for change in wanted):
        assert "# mine" in text and "# rivals" in text and "[hosts.here]   # this one" in text


@given(st.one_of(scalars, tables))
def test_a_value_is_read_back_as_it_was_written(value):
    assert read_value(value_text(value)) == value


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_value_or_one_clear_refusal(text):
    try:
        read_value(text)
    except ValueError as error:
        assert "quotes" in str(error)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[hosts.here]\n[workers.b]\nhost = "here"\ncommand = ["true"]\n')
    return path


def test_saving_keeps_mode_and_link_and_leaves_nothing_beside(file, tmp_path):
    file.chmod(0o600)
    link = tmp_path / "links" / "config.toml"
    link.parent.mkdir()
    link.symlink_to(file)
    saved = open_draft(link).with_change(("hosts", "gpu1"), {"ssh": "gpu1"}).save()
    assert link.is_symlink() and "[hosts.gpu1]" in file.read_text() and file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml", "links"] or len(list(tmp_path.iterdir())) == 2
    assert not saved.outdated and saved.changes == () and list(config.load(link).hosts) == ["here", "gpu1"]


def test_what_the_reader_refuses_is_never_written(file):
    before = file.read_bytes()
    draft = open_draft(file).with_change(("workers", "b", "host"), "heer")
    assert "did you mean 'here'?" in str(draft.problems[0])
    with pytest.raises(ConfigError):
        draft.save()
    assert file.read_bytes() == before


def test_somebody_elses_words_are_never_overwritten(file):
    draft = open_draft(file).with_change(("hosts", "gpu1"), {"ssh": "gpu1"})
    file.write_text(file.read_text() + "# theirs\n")
    assert draft.outdated
    with pytest.raises(ChangedMeanwhile):
        draft.save()
    assert "gpu1" not in file.read_text()
    draft.rebased().save()
    assert "# theirs" in file.read_text() and "[hosts.gpu1]" in file.read_text()


def test_of_two_that_save_at_once_one_is_told(file):
    drafts = [open_draft(file).with_change(("hosts", f"h{n}"), {"ssh": f"h{n}"}) for n in range(8)]
    told, ready = [], threading.Barrier(8)

    def save(draft: Draft) -> None:
        ready.wait()
        try:
            draft.save()
        except ChangedMeanwhile:
            told.append(draft)

    threads = [threading.Thread(target=save, args=(draft,)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 7 and len(config.load(file).hosts) == 2


def test_the_shipped_configuration_is_copied_never_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before = config.shipped().read_bytes()
    draft = open_draft(config.shipped()).with_change(("hosts", "gpu1"), {"ssh": "gpu1"})
    assert [line for line in draft.difference()[2:] if line[:1] in "+-"] == ["+", "+[hosts.gpu1]", '+ssh = "gpu1"']
    saved = draft.save()
    assert saved.path == Path(tmp_path) / "trajconsole/config.toml" == config.find(None, tmp_path)
    assert config.shipped().read_bytes() == before and "gpu1" in config.load(saved.path).hosts
    with pytest.raises(ChangedMeanwhile):
        draft.save()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_an_error_and_the_file_stays(file):
    file.parent.chmod(0o500)
    try:
        with pytest.raises(OSError):
            open_draft(file).with_change(("hosts", "gpu1"), {"ssh": "gpu1"}).save()
    finally:
        file.parent.chmod(0o700)
    assert "gpu1" not in file.read_text()
