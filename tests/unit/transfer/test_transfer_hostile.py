"""A host that lies: nothing it sends may land outside of the target, fill the disk, or be seen as whole."""

import contextlib
import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote.errors import CommandFailed, RemoteError, Unreachable
from remote.fake import FakeTransport
from remote.transfer import parts
from remote.transfer.host import tar
from remote.transfer.pull import Pull, Wish
from remote.transport import Completed


def note(path, body, **more):
    about = {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "mtime_ns": 10**9, "mode": 0o644, "torn": False}
    return tar.note({**about, **more})


def member(path, body, **more):
    return tar.header(path, len(body)) + body + tar.padding(len(body)) + note(path, body, **more)


def listing(**files):
    records = [f"f {size} 1.0 644 1 {name}".encode() for name, size in files.items()]
    return b"\0".join([*records, b"end 0", b""])


def pull(tmp_path, listed, *streams):
    """What a host that answers so achieves."""
    transport = FakeTransport(
        scripts=[[data] for data in streams], commands=lambda argv, _input: Completed(0, listed, b"")
    )
    target = tmp_path / "in/target"
    steps = Pull(transport, Wish("/far", target)).run()
    try:
        while True:
            next(steps)
    except StopIteration as done:
        return done.value


def everything(tmp_path):
    return sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())


def test_an_honest_host(tmp_path):
    done = pull(tmp_path, listing(a=3), member("a", b"abc") + tar.END)
    assert (tmp_path / "in/target/a").read_bytes() == b"abc" and set(done.kept) == {"a"}
    assert everything(tmp_path) == ["in/target/a"]


@pytest.mark.parametrize("path", ["b", "../a", "/tmp/a", "a/../../a", "\udcff", ""])
def test_names_that_were_not_asked_for(tmp_path, path):
    with pytest.raises(CommandFailed, match="not asked for"):
        pull(tmp_path, listing(a=3), member(path, b"abc") + tar.END)
    assert not any("target/a" in path or path == "in/a" for path in everything(tmp_path))


def test_names_of_a_listing_that_lead_out_are_left(tmp_path):
    done = pull(tmp_path, b"f 3 1.0 644 1 ../evil\0f 3 1.0 644 1 /tmp/evil\0f 3 1.0 644 1 .parts/lock\0end 0\0")
    assert [item.path for item in done.left] == ["../evil", "/tmp/evil"] and everything(tmp_path) == []


def test_the_same_file_twice(tmp_path):
    with pytest.raises(CommandFailed, match="not asked for"):
        pull(tmp_path, listing(a=3), member("a", b"abc") + member("a", b"xyz") + tar.END)
    assert (tmp_path / "in/target/a").read_bytes() == b"abc"


def test_more_than_was_promised(tmp_path):
    size = 3 + 2 * 2**20
    with pytest.raises(CommandFailed, match="more of 'a' than it promised"):
        pull(tmp_path, listing(a=3), tar.header("a", size) + bytes(size))
    assert not any("target/a" in path for path in everything(tmp_path))


def test_many_that_are_a_little_more_than_was_promised(tmp_path, monkeypatch):
    monkeypatch.setattr("remote.transfer.receiver.RESERVE", 1000)
    names = [f"f{n}" for n in range(5)]
    stream = b"".join(member(name, bytes(300)) for name in names)
    with pytest.raises(CommandFailed, match="promised"):
        pull(tmp_path, listing(**dict.fromkeys(names, 0)), stream + tar.END)


def test_a_listing_larger_than_the_disk(tmp_path):
    with pytest.raises(parts.NoRoom, match="are to come"):
        pull(tmp_path, listing(a=2**55), tar.END)
    assert everything(tmp_path) == []


def test_a_file_that_is_left_out(tmp_path):
    with pytest.raises(CommandFailed, match="left out"):
        pull(tmp_path, listing(a=3, b=1), member("a", b"abc") + tar.END)


def test_a_wrong_hash_is_never_whole(tmp_path):
    done = pull(tmp_path, listing(a=3), *[member("a", b"abc", sha256="0" * 64) + tar.END] * 9)
    assert done.kept == {} and "damaged" in done.left[0].why and everything(tmp_path) == []


def test_a_file_that_is_torn_is_taken_again(tmp_path):
    done = pull(tmp_path, listing(a=3), member("a", b"abx", torn=True) + tar.END, member("a", b"abc") + tar.END)
    assert set(done.kept) == {"a"} and (tmp_path / "in/target/a").read_bytes() == b"abc"


@pytest.mark.parametrize(
    "about",
    [
        {"path": "b", "gone": True},
        {"path": ["a"], "gone": True},
        {"path": "a", "from": 7},
        {"path": 3},
    ],
)
def test_notes_that_cannot_be(tmp_path, about):
    with pytest.raises(CommandFailed):
        pull(tmp_path, listing(a=3), tar.note(about) + tar.END)


@pytest.mark.parametrize("more", [{"mode": "x"}, {"mtime_ns": 2**70}, {"mtime_ns": None}, {"sha256": None}])
def test_facts_that_cannot_be(tmp_path, more):
    try:
        done = pull(tmp_path, listing(a=3), *[member("a", b"abc", **more) + tar.END] * 9)
    except CommandFailed:
        return
    assert done.kept == {}


def test_what_cannot_be_read_is_said(tmp_path):
    done = pull(tmp_path, listing(a=3), tar.note({"path": "a", "error": "Permission denied"}) + tar.END)
    assert done.left == (("a", "Permission denied"),)


def test_mode_bits_that_are_dangerous_are_dropped(tmp_path):
    pull(tmp_path, listing(a=3), member("a", b"abc", mode=0o6777) + tar.END)
    assert (tmp_path / "in/target/a").stat().st_mode & 0o7777 == 0o755


def test_a_link_here_is_not_written_through(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in/target").mkdir(parents=True)
    (tmp_path / "in/target/d").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RemoteError, match="is a link"):
        pull(tmp_path, b"f 3 1.0 644 1 d/a\0end 0\0", member("d/a", b"abc") + tar.END)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "in/target").mkdir(parents=True)
    (tmp_path / "in/target/a").symlink_to(tmp_path / "precious")
    pull(tmp_path, listing(a=3), member("a", b"abc") + tar.END)
    assert (tmp_path / "precious").read_text() == "precious" and (tmp_path / "in/target/a").read_bytes() == b"abc"


def test_a_second_transfer_waits_outside(tmp_path):
    with parts.Target(tmp_path / "in/target"), pytest.raises(RemoteError, match="another transfer"):
        pull(tmp_path, listing(a=3), member("a", b"abc") + tar.END)


def test_a_disk_that_is_full_here(tmp_path, monkeypatch):
    real, left = os.write, [20]

    def write(file, data):
        if len(data) <= 1:
            return real(file, data)
        left[0] -= len(data)
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return real(file, data)

    monkeypatch.setattr("remote.transfer.receiver.os.write", write)
    with pytest.raises(parts.NoRoom, match="is full"):
        pull(tmp_path, listing(a=3, b=100), member("a", b"abc") + member("b", bytes(100)) + tar.END)
    monkeypatch.undo()
    assert (tmp_path / "in/target/a").exists() and not (tmp_path / "in/target/b").exists()
    done = pull(
        tmp_path,
        listing(a=3, b=100),
        tar.note({"path": "a", "from": 3}) + tar.header("a", 0) + note("a", b"abc") + member("b", bytes(100)) + tar.END,
    )
    assert set(done.kept) == {"a", "b"} and done.bytes == 100


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_noise_never_leaves_the_target(tmp_path_factory, data):
    tmp_path = tmp_path_factory.mktemp("noise")
    good = member("a", b"abc") + member("d/b", bytes(700)) + tar.END
    raw = bytearray(good)
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    listed = b"f 3 1.0 644 1 a\0f 700 1.0 644 1 d/b\0end 0\0"
    with contextlib.suppress(CommandFailed, Unreachable):
        pull(tmp_path, listed, bytes(raw))
    for path in everything(tmp_path):
        assert path.startswith("in/target/")
        if not path.startswith("in/target/.parts/"):
            body = {"in/target/a": b"abc", "in/target/d/b": bytes(700)}[path]
            assert (tmp_path / path).read_bytes() == body
