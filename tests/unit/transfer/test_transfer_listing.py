"""The listing of a host's folder: whole or refused; odd files are left, and said."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.errors import CommandFailed
from remote.local import LocalTransport
from remote.transfer import names
from remote.transfer.listing import Entry, look, parse

PYTHONS = (sys.executable,)


def test_one_file():
    found = parse(b"f 12 1700000000.0000000500 644 77 a/b c\0end 0\0")
    assert found.files == {"a/b c": Entry("a/b c", 12, 1_700_000_000_000_000_050, 0o644, 77)} and found.left == ()


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"l 1 1.0 777 1 latest", "it is a link"),
        (b"p 0 1.0 644 1 fifo", "no plain file"),
        (b"f 1 1.0 644 1 ../../.ssh/authorized_keys", "leads out"),
        (b"f 1 1.0 644 1 /etc/passwd", "no path below"),
        (b"f 1 1.0 644 1 a\nb", "control"),
        (b"f 1 1.0 644 1 \xff", "UTF-8"),
        (b"f 9000000000000000000 1.0 644 1 a", "so large"),
    ],
)
def test_what_is_left(record, why):
    found = parse(record + b"\0end 0\0")
    assert found.files == {} and len(found.left) == 1 and why in found.left[0].why


@pytest.mark.parametrize(
    "data", [b"", b"end 0", b"f 1 1.0 644 1 a\0", b"f 1 1.0 644 1 a\0end", b"huh\0end 0\0", b"f -1 1 1 1 a\0end 0\0"]
)
def test_what_is_no_listing(data):
    with pytest.raises(CommandFailed):
        parse(data)


def test_what_could_not_be_looked_at_is_said():
    assert parse(b"end 1\0", "find: ./a: Permission denied\n").left[0].why == "find: ./a: Permission denied"


@given(st.binary(max_size=300), st.booleans())
def test_noise(data, ends):
    try:
        found = parse(data + (b"\0end 0\0" if ends else b""))
    except CommandFailed:
        return
    assert all(not names.fault(path) and entry.size >= 0 for path, entry in found.files.items())


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "a 'folder'"
    (root / "deep/er").mkdir(parents=True)
    (root / "deep/er/x").write_bytes(b"12345")
    (root / "-o$(x)").write_bytes(b"")
    os.utime(root / "deep/er/x", ns=(1, 1_700_000_000_123_456_789))
    (root / "link").symlink_to("/etc")
    os.mkfifo(root / "fifo")
    (root / "odd\nname").write_bytes(b"")
    return root


def test_find_and_our_own_walk_agree(folder):
    found = look(LocalTransport(), str(folder), PYTHONS)
    assert set(found.files) == {"deep/er/x", "-o$(x)"} and {item.path for item in found.left} == {
        "link",
        "fifo",
        "odd\nname",
    }
    assert found.files["deep/er/x"][1:3] == (5, 1_700_000_000_123_456_789)
    code = f"from remote.transfer.host.tree import tell; tell({str(folder)!r})"
    walked = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    again = parse(walked)
    assert again.files == found.files and set(again.left) == set(found.left)


def test_no_folder(tmp_path):
    assert look(LocalTransport(), str(tmp_path / "nothing"), PYTHONS) is None


def test_a_find_that_cannot_say_it(folder, tmp_path, monkeypatch):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "find").write_text("#!/bin/sh\nexit 1\n")
    (tools / "find").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    assert set(look(LocalTransport(), str(folder), PYTHONS).files) == {"deep/er/x", "-o$(x)"}
