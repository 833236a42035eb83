"""A watch on a host: what goes there, who is seen to watch, and what two of them have told."""

import tomllib
from pathlib import Path

import pytest

from console import config as configs
from console.alerts.book import Book, Entry, merged
from console.alerts.notices import Notice
from console.fleet.beats import STALE_S, Beat, read, watching
from console.fleet.fold import fold
from console.fleet.model import Fleet
from console.mirror import Mirror
from console.shipping import own
from console.watch.identity import identity
from console.watch.posting import posting
from remote.events import Document, FolderGone, LinkState, Telemetry
from trainer.record import toml

NOW = 1_000_000.0
TEXT = """
[hosts.gpu1]
ssh = "me@gpu1"
ssh_config = "conf"
bandwidth = "20MB/s"
[hosts.gpu2]
ssh = "gpu2"
ssh_config = "conf"
root = "/big"
[hosts.here]
[workers.a]
host = "gpu1"
trainer = "persistence-attention"
env = { TOKEN = "secret" }
[workers.b]
host = "gpu2"
trainer = "persistence-pretrained"
set = { run.epochs = 3 }
[workers.c]
host = "here"
trainer = "persistence-pretrained"
[races.both]
workers = ["a", "b", "c"]
wall_time = "8h"
[races.half]
workers = ["a", "c"]
[alerts.night]
webhook_env = "NIGHT_URL"
[alerts.bell]
terminal = "bell"
[alerts.mail]
command = ["mail", "me"]
"""


@pytest.fixture
def post(tmp_path):
    config = configs.parse(TEXT, tmp_path / "config.toml")
    return config, posting(config, tomllib.loads(TEXT), "gpu1", "/home/me/.trajconsole", "/usr/bin/python3")


def test_the_host_is_local_there_and_what_is_the_laptops_stays(post):
    config, made = post
    there = configs.parse(toml.dumps(made.table), Path("there.toml"))
    assert there.hosts["gpu1"].transport == "local" and there.hosts["gpu1"].bandwidth == "20MB/s"
    assert there.hosts["gpu1"].root == "/home/me/.trajconsole"
    assert there.hosts["gpu1"].socket == config.hosts["gpu1"].socket  # the same sessions
    assert there.hosts["gpu2"].ssh == "gpu2" and not there.hosts["gpu2"].ssh_config and made.others == ("gpu2",)
    assert set(there.hosts) == {"gpu1", "gpu2"} and set(there.workers) == {"a", "b"}
    assert set(there.races) == {"both"} and there.races["both"].workers == ("a", "b")
    assert there.races["both"].rules == config.races["both"].rules
    assert set(there.alerts) == {"night", "mail"} and made.variables == {"night": "NIGHT_URL"}
    assert "secret" not in toml.dumps(made.table)


def test_what_does_not_go_there_is_named(post):
    left = " / ".join(post[1].left)
    for words in (
        "here is this laptop",
        "gpu2: the ssh configuration that gpu1 has",
        "race half",
        "alerts.bell",
        "mail",
    ):
        assert words in left


def test_on_this_machine_everything_stays_as_it_is(tmp_path):
    config = configs.parse(TEXT, tmp_path / "config.toml")
    made = posting(config, tomllib.loads(TEXT), "here", config.hosts["here"].root, config.hosts["here"].python)
    there = configs.parse(toml.dumps(made.table), tmp_path / "elsewhere" / "config.toml")
    assert there.hosts == config.hosts and set(there.races) == {"both", "half"}


def beat(when, of="c1"):
    return Document(f"watches/{of}", "watch.json", Beat(NOW - 500, when, 7).to_bytes().decode(), 1.0, "")


def figures(when):
    return Telemetry(1, when, 1.0, cpu=0.5, load=1.0, memory_used=1, memory_total=2)


def told(*events):
    return fold(Fleet(), "gpu1", [LinkState("connected"), figures(NOW), *events], NOW)


def test_a_watch_is_there_as_long_as_it_says_so():
    fleet = told(beat(NOW - 1))
    assert [name for name, _ in watching(fleet, NOW, "c1")] == ["gpu1"] and watching(fleet, NOW, "c2") == ()
    assert watching(fleet, NOW + STALE_S) == ()
    assert watching(fold(fleet, "gpu1", [FolderGone("watches/c1")], NOW), NOW) == ()
    gone = Document("watches/c1", "watch.json", None, 1.0, "")
    assert watching(fold(fleet, "gpu1", [gone], NOW), NOW) == ()
    ahead = told(figures(NOW + 3600), beat(NOW + 3599))  # its clock is another one
    assert [name for name, _ in watching(ahead, NOW)] == ["gpu1"]
    assert watching(told(figures(NOW + 3600), beat(NOW - 1)), NOW) == ()


def test_nobody_repaints_for_every_beat():
    before = told()
    fleet = fold(before, "gpu1", [beat(NOW - 1)], NOW)
    assert fleet.news > before.news and fold(fleet, "gpu1", [beat(NOW)], NOW).news == fleet.news


@pytest.mark.parametrize("text", ["", "[]", "{", '{"since": "x", "time": 3}', '{"since": true, "time": 1}'])
def test_what_is_no_beat_is_none(text):
    assert read(text) is None
    assert told(Document("watches/c1", "watch.json", text, 1.0, "")).watches == {}


def test_beats_are_not_remembered(tmp_path):
    mirror = Mirror(tmp_path, "gpu1")
    assert mirror.take(beat(NOW)) is not None
    assert list(mirror.load()) == [] and not list(tmp_path.rglob("watch.json"))
    mirror.close()


def test_whoever_takes_over_tells_nothing_again():
    def book(**told_at):
        entries = {key: Entry(1.0, 2.0, told=when) for key, when in told_at.items()}
        return Book(entries, {key: Notice(key, "w", key) for key in entries})

    found = merged(book(a=None, b=5.0), book(a=4.0, b=None, c=None))
    assert {key: entry.told for key, entry in found.entries.items()} == {"a": 4.0, "b": 5.0, "c": None}
    assert found.notices.keys() == found.entries.keys()


def test_a_configuration_has_one_name_on_one_laptop(tmp_path):
    first = identity(tmp_path / "s", Path("/a/config.toml"))
    assert identity(tmp_path / "s", Path("/a/config.toml")) == first
    assert (
        len({first, identity(tmp_path / "s", Path("/b/config.toml")), identity(tmp_path / "t", Path("/a/config.toml"))})
        == 3
    )


def test_the_console_travels_whole():
    entries = own.console_tree().entries
    for path in ("console/commands/watch.py", "console/schema/status.schema.json", "remote/scripts/launch.sh",
                 "trainer/record/files.py"):  # fmt: skip
        assert path in entries
    assert not [path for path in entries if "__pycache__" in path]
