"""Streams: every byte once, whole lines only, whatever happens to the file."""

import base64
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote.probe import stream as module
from remote.probe.stream import LONGEST, PIECE, Stream


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log"


def follow(path, known=None):
    return Stream(str(path), "runs/a", "log", known)


def data_of(row):
    return base64.b64decode(row["b64"]) if "b64" in row else row["text"].encode()


def drain(stream):
    rows = []
    while True:
        row = stream.look()
        if row is not None:
            rows.append(row)
        if not stream.more:
            return rows


def test_a_missing_file_is_nothing_and_comes_later(path):
    stream = follow(path)
    assert stream.look() is None and stream.caught_up
    path.write_bytes(b"one\n")
    assert data_of(stream.look()) == b"one\n"


def test_a_torn_line_waits_for_its_end(path):
    path.write_bytes(b"one\ntw")
    stream = follow(path)
    assert data_of(stream.look()) == b"one\n"
    assert stream.caught_up and stream.look() is None
    with path.open("ab") as file:
        file.write(b"o\nthr")
    row = stream.look()
    assert (row["start"], data_of(row)) == (4, b"two\n")


def test_it_goes_on_from_a_known_offset(path):
    path.write_bytes(b"one\ntwo\n")
    inode = path.stat().st_ino
    row = follow(path, (inode, 4)).look()
    assert (row["start"], data_of(row), row.get("reset")) == (4, b"two\n", None)
    assert follow(path, (inode, 8)).look() is None


@pytest.mark.parametrize("known", [(1, 4), (None, 100)])
def test_another_or_a_shorter_file_begins_anew_with_a_reset(path, known):
    path.write_bytes(b"one\ntwo\n")
    row = follow(path, (known[0] or path.stat().st_ino, known[1])).look()
    assert (row["start"], data_of(row), row["reset"]) == (0, b"one\ntwo\n", True)


def test_a_reset_is_said_also_when_the_new_file_is_empty(path):
    path.write_bytes(b"")
    row = follow(path, (1, 4)).look()
    assert (row["start"], data_of(row), row["reset"]) == (0, b"", True)


def test_truncation_and_rotation_while_watching(path):
    path.write_bytes(b"one\ntwo\n")
    stream = follow(path)
    stream.look()
    path.write_bytes(b"x\n")
    assert (stream.look() or {}).get("reset") is True
    path.rename(path.with_name("log.1"))
    assert stream.look() is None
    path.write_bytes(b"a new file\n")
    row = stream.look()
    assert (row["reset"], row["start"], data_of(row)) == (True, 0, b"a new file\n")


def test_a_file_rewritten_in_place_and_grown_longer_is_recognised(path):
    path.write_bytes(b"one\n")
    stream = follow(path)
    stream.look()
    path.write_bytes(b"quite another content\n")  # same inode, longer than the offset
    row = stream.look()
    assert (row["reset"], data_of(row)) == (True, b"quite another content\n")


def test_a_backlog_comes_in_bounded_pieces(path):
    content = b"".join(b"%d\n" % number for number in range(60_000))
    path.write_bytes(content)
    stream = follow(path)
    first = stream.look()
    assert len(data_of(first)) <= PIECE and stream.more and not stream.caught_up
    rows = [first, *drain(stream)]
    assert b"".join(map(data_of, rows)) == content and stream.caught_up
    assert all(data_of(row).endswith(b"\n") for row in rows)


def test_a_line_longer_than_the_bound_comes_in_pieces(path):
    content = b"x" * (LONGEST + 3 * PIECE) + b"\nnext\n"
    path.write_bytes(content)
    rows = drain(follow(path))
    assert b"".join(map(data_of, rows)) == content
    assert len(data_of(rows[0])) >= LONGEST
    assert [row["start"] for row in rows] == [sum(len(data_of(row)) for row in rows[:n]) for n in range(len(rows))]


def test_bytes_that_are_no_text_come_whole(path):
    path.write_bytes(b"\xff\xfe\n")
    row = follow(path).look()
    assert "b64" in row and data_of(row) == b"\xff\xfe\n"


def test_a_pipe_or_a_folder_in_place_of_a_file_does_no_harm(path):
    os.mkfifo(path)
    assert follow(path).look() is None
    path.unlink()
    path.mkdir()
    assert follow(path).look() is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300).map(lambda data: data.replace(b"x", b"\n")), max_size=10), st.integers(8, 60))
def test_any_appends_are_delivered_once_across_restarts(tmp_path_factory, appends, piece):
    path = tmp_path_factory.mktemp("s") / "log"
    before = module.PIECE, module.LONGEST
    module.PIECE, module.LONGEST = piece, 150
    try:
        delivered, known = b"", None
        for data in appends:
            with path.open("ab") as file:
                file.write(data)
            stream = follow(path, known)
            for row in drain(stream):
                assert row["start"] == len(delivered) and not row.get("reset")
                delivered += data_of(row)
            known = (path.stat().st_ino, len(delivered))
        whole = b"".join(appends)
        assert whole.startswith(delivered)
        rest = whole[len(delivered) :]
        assert b"\n" not in rest and len(rest) < 150
    finally:
        module.PIECE, module.LONGEST = before
