"""Names of hosts from a person's ssh configuration."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.ssh.aliases import aliases, is_host, parse_line

CONFIG = """# work
Host gpu1 gpu2  # two of them
  HostName 10.0.0.1
Host *.example.org !bad.example.org
  User me
Host=eq
host "quoted"
Match host gpu1
  User you
Include more/*.conf missing.conf
Host *
  ServerAliveInterval 5
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.conf").write_text("Host far\n Include more/b.txt\nHost gpu1\n")
    (tmp_path / "more/b.txt").write_text("Host deep\nInclude config\n")
    return tmp_path


def test_names_without_patterns_through_every_include_and_each_once(home):
    found = aliases(home / "config")
    assert [item.name for item in found] == ["gpu1", "gpu2", "eq", "quoted", "far", "deep"]
    assert (found[0].file, found[0].line) == (home / "config", 2)


def test_ssh_itself_knows_them(home):
    for item in aliases(home / "config")[:2]:
        done = subprocess.run(["ssh", "-F", str(home / "config"), "-G", item.name], capture_output=True, text=True)
        assert "hostname 10.0.0.1" in done.stdout, done.stderr


def test_where_there_is_none(tmp_path):
    assert aliases(tmp_path / "nothing") == []
    (tmp_path / "folder").mkdir()
    assert aliases(tmp_path / "folder") == []


@given(st.text())
def test_no_line_can_make_it_fail(line):
    key, words = parse_line(line)
    assert key == key.lower() and all(isinstance(word, str) for word in words)


@given(st.binary(max_size=200))
def test_no_file_can_make_it_fail(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("ssh") / "config"
    path.write_bytes(b"Host a\nInclude config\n" + data)
    assert [item.name for item in aliases(path)][:1] == ["a"]
    assert all(is_host(item.name) for item in aliases(path))
