"""A log of any size as numbered lines: against the plain way of splitting the whole text."""

import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.format import cell_len
from console.logs import source as sources
from console.logs.errand import Runner
from console.logs.filter import FilterSource
from console.logs.first_text import frame
from console.logs.index import Spread
from console.logs.match import Matcher
from console.logs.reading import LONGEST, DiskFile, HeldText, lines_at
from console.logs.source import FileSource

TEXT = st.lists(st.sampled_from([b"", b"a", b"ab\n", b"\n", b"\n\n", b"long" * 9 + b"\n", b"\r"]), max_size=60).map(
    b"".join
)


def split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def finish(source):
    for _ in range(10_000):
        errand = source.errand()
        if errand is None:
            return source
        errand()()
    raise AssertionError("never whole")


def texts(source) -> list[bytes]:
    return [line.raw for line in source.lines(0, source.count)]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """Blocks so small that every edge is met."""
    monkeypatch.setattr(sources, "BLOCK", 16)
    monkeypatch.setattr(sources, "_SLACK", 5)
    monkeypatch.setattr(sources, "_AT_ONCE", 2)
    monkeypatch.setattr(sources, "_ENOUGH", 3)


@given(TEXT)
def test_lines_are_those_of_the_whole_text(data):
    source = finish(FileSource(HeldText(data)))
    assert source.whole and texts(source) == split(data)


@given(TEXT)
def test_before_all_is_known_the_end_is_right(data):
    source = FileSource(HeldText(data))
    whole = split(data)
    assert texts(source) == whole[len(whole) - source.count :]
    before = source.count
    finish(source)
    assert source.moved == source.count - before


@given(TEXT, TEXT)
def test_from_the_head_on(data, more):
    file = HeldText(data)
    source = FileSource(file)
    source.to_head()
    assert texts(source) == split(data)[: source.count]
    file.add(more, 1.0)
    source.grow(1.0)
    assert texts(finish(source)) == split(data + more)


@given(st.lists(TEXT, max_size=8))
def test_growth_is_seen_at_once_whatever_the_pieces(pieces):
    file = HeldText()
    source = FileSource(file)
    whole = b""
    for piece in pieces:
        whole += piece
        file.add(piece, 1.0)
        source.grow(1.0)
        finish(source)
        assert texts(source) == split(whole)


@given(TEXT, st.integers(0, 30), st.integers(0, 30))
def test_places_and_numbers_are_inverse(data, start, length):
    source = finish(FileSource(HeldText(data)))
    for number in range(source.count):
        chunk, ordinal = source.place(number)
        assert source.number(chunk, ordinal) == number
        assert source.chunk(chunk)[ordinal].raw == split(data)[number]
    assert [line.raw for line in source.lines(start, start + length)] == split(data)[start : start + length]


@given(TEXT)
def test_a_chunk_as_bytes_is_its_lines(data):
    source = finish(FileSource(HeldText(data)))
    for chunk in range(source.end_chunk):
        lines = [line.raw for line in source.chunk(chunk)]
        assert source.data(chunk) == b"\n".join(lines)
        assert source.count_lines(chunk) == len(lines)


@given(TEXT, TEXT, st.sampled_from(["a", "b$", "!a", "^$", "long", "lo.*g", "x", "!x"]))
def test_a_filter_finds_what_looking_at_every_line_finds(data, more, pattern):
    file = HeldText(data)
    base = FileSource(file)
    found = FilterSource(base, Matcher(pattern))
    finish(base)
    finish(found)
    matcher = Matcher(pattern)
    assert texts(found) == [line for line in split(data) if matcher(line)]
    file.add(more, 1.0)
    if base.grow(1.0):
        found.grew()
    finish(base)
    finish(found)
    assert texts(found) == [line for line in split(data + more) if matcher(line)]
    for number in range(found.count):
        assert found.number(*found.place(number)) == number


def test_lines_that_come_while_a_filter_looks_are_not_lost():
    file = HeldText(b"a\nb\n")
    base = FileSource(file)
    found = FilterSource(base, Matcher("a"))
    outcome = found.errand()()
    file.add(b"a2\n", 1.0)
    base.grow(1.0)
    found.grew()
    outcome()
    finish(found)
    assert texts(found) == [b"a", b"a2"]


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 4), min_size=1, max_size=5)), max_size=10))
@settings(max_examples=60)
def test_a_spread_counts_as_a_list_does(adds):
    spread, plain = Spread(50), {}
    for front, counts in adds:
        if front:
            plain |= {spread.first - 1 - n: count for n, count in enumerate(counts)}
            spread.add_front(counts)
        else:
            plain |= {spread.end + n: count for n, count in enumerate(counts)}
            spread.add_back(counts)
    wanted = [(chunk, n) for chunk in sorted(plain) for n in range(plain[chunk])]
    assert spread.count == len(wanted)
    assert [spread.find(n) for n in range(spread.count)] == wanted
    assert [spread.number(*place) for place in wanted] == list(range(len(wanted)))
    assert {chunk: spread.counted(chunk) for chunk in plain} == plain


def test_a_replaced_and_a_cut_file_are_new(tmp_path):
    path = tmp_path / "log"
    source = FileSource(DiskFile(path))
    assert source.count == 0
    path.write_bytes(b"one\ntwo\n")
    assert source.grow(1.0) and texts(source) == [b"one", b"two"]
    version = source.version
    path.write_bytes(b"x\n")
    assert source.grow(2.0) and texts(source) == [b"x"] and source.version > version
    other = tmp_path / "other"
    other.write_bytes(b"another\nfile\n")
    version = source.version
    os.replace(other, path)
    assert source.grow(3.0) and texts(finish(source)) == [b"another", b"file"] and source.version > version
    path.unlink()
    assert not source.grow(4.0) and texts(source) == [b"another", b"file"]
    source.close()


def test_a_line_of_ten_megabytes_is_shown_by_its_beginning(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"first\n" + b"x" * 10_000_000 + b"\nlast\n")
    source = finish(FileSource(DiskFile(path)))
    first, long, last = texts(source)
    assert (first, last) == (b"first", b"last")
    assert len(long) < LONGEST + 20 and long.endswith("… 9.5M".encode())
    source.close()


def test_a_progress_bar_of_a_megabyte_is_shown_by_its_last_state(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"\r%6d of 100000" % n for n in range(60_000)) + b"\r")
    source = finish(FileSource(DiskFile(path)))
    from console.logs.ansi import shown

    assert [shown(line) for line in texts(source)] == [" 59999 of 100000"]
    source.close()


@given(TEXT, st.integers(0, 6))
def test_lines_at_a_place(data, count):
    assert lines_at(HeldText(data), 0, count, len(data)) == split(data)[:count]


def test_the_runner_hands_outcomes_back():
    done = threading.Event()
    runner = Runner(done.set)
    taken = []
    runner.ask(lambda: lambda: taken.append(threading.current_thread() is threading.main_thread()))
    assert done.wait(10) and runner.busy
    assert runner.take() and taken == [True] and not runner.busy
    assert not runner.take()
    runner.close()


def test_an_errand_that_fails_says_so_where_its_outcome_is_taken():
    done = threading.Event()
    runner = Runner(done.set)

    def fails():
        raise KeyError("x")

    runner.ask(fails)
    assert done.wait(10)
    with pytest.raises(KeyError):
        runner.take()
    assert not runner.busy
    runner.close()


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(5, 60), st.integers(1, 12))
def test_the_first_text_fits_its_terminal_and_steers_nothing(lines, width, height):
    drawn = frame(FileSource(HeldText(b"\n".join(lines))), width, height)
    rows = drawn.split("\r\n")
    assert len(rows) <= max(2, height - 1)
    assert all(cell_len(row) < width for row in rows)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for row in rows for character in row)
