"""Several logs as one."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from console.logs import merge
from console.logs.merge import MergedSource
from console.logs.reader import Reader
from console.logs.reading import HeldText
from console.logs.since import newest, since
from console.logs.source import FileSource

START = 1767312000.0  # midnight UTC
LINES = st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=25)


def text(owner: int, steps, at: int = 0) -> bytes:
    """Lines whose stamps go on by so many seconds; some have none."""
    out = []
    for n, (step, stamped) in enumerate(steps):
        at += step
        stamp = f"2026-01-02T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}Z " if stamped else "  "
        out.append(f"{stamp}{owner}.{n}\n")
    return "".join(out).encode()


def finish(source):
    while (errand := source.errand()) is not None:
        errand()()
    return source


def lines(source):
    return [(line.origin, line.raw.split()[-1]) for line in source.lines(0, source.count)]


def wanted(datas):
    keyed = []
    for owner, data in enumerate(datas):
        own = [line for line in data.split(b"\n") if line]
        first = next((line[:20] for line in own if line[:1] == b"2"), b"")
        last = first
        for line in own:
            last = line[:20] if line[:1] == b"2" else last
            keyed.append((last, owner, line.split()[-1]))
    keyed.sort(key=lambda item: item[0])
    return [(owner, name) for _, owner, name in keyed]


@given(st.lists(LINES, min_size=2, max_size=4))
def test_lines_stand_in_the_order_of_time_and_equal_ones_in_the_order_of_the_files(all_steps):
    datas = [text(owner, [(1, True), *steps]) for owner, steps in enumerate(all_steps)]
    source = finish(
        MergedSource([HeldText(data) for data in datas], [str(n) for n in range(len(datas))], [None] * len(datas))
    )
    assert source.whole
    assert lines(source) == wanted(datas)


def test_the_ends_come_first_and_then_all_of_it(monkeypatch):
    monkeypatch.setattr(merge, "_FIRST", 400)
    monkeypatch.setattr(merge, "STEP", 8)
    datas = [text(owner, [(1 + owner, True)] * 200) for owner in range(3)]
    source = MergedSource([HeldText(data) for data in datas], ["a", "b", "c"], [None] * 3)
    everything = wanted(datas)
    assert not source.whole and 0 < source.count < len(everything)
    assert lines(source) == everything[-source.count :]
    before = source.count
    finish(source)
    assert source.whole and lines(source) == everything and source.moved == len(everything) - before


@given(st.lists(st.tuples(st.integers(0, 1), LINES), max_size=8))
def test_growth_is_merged_where_it_belongs(pieces):
    files = [HeldText(text(owner, [(1, True)])) for owner in range(2)]
    at, counts = [1, 1], [0, 0]
    source = MergedSource(files, ["a", "b"], [None, None])
    for owner, steps in pieces:
        piece = text(owner, [(step, True) for step, _ in steps], at[owner])
        at[owner] += sum(step for step, _ in steps)
        counts[owner] += len(steps)
        files[owner].add(piece, 5.0)
        source.grow(5.0)
    shown = source.lines(0, source.count)
    assert len(shown) == sum(counts) + 2
    for owner in range(2):  # no line of a log overtakes another of the same
        own = [line.raw for line in shown if line.origin == owner]
        assert own == sorted(own, key=lambda raw: raw[:20])
    assert all(a.raw[:20] <= b.raw[:20] for a, b in itertools.pairwise(shown))


def test_a_line_without_its_newline_waits():
    files = [HeldText(b"00:00:01 a\n00:00:03 ha"), HeldText(b"00:00:02 b\n")]
    source = MergedSource(files, ["a", "b"], [START, START])
    assert lines(source) == [(0, b"a"), (1, b"b")]
    files[0].add(b"lf\n", 1.0)
    assert source.grow(1.0) and lines(source) == [(0, b"a"), (1, b"b"), (0, b"half")]


def test_a_file_that_was_replaced_begins_anew():
    files = [HeldText(b"00:00:01 a\n"), HeldText(b"00:00:02 b\n")]
    source = MergedSource(files, ["a", "b"], [START, START])
    version = source.version
    files[0].replace(b"00:00:05 new\n", 2.0)
    assert source.grow(2.0) and source.version > version and lines(source) == [(1, b"b"), (0, b"new")]


def test_the_last_minutes_count_from_the_newest_line():
    data = b"".join(b"%02d:%02d:00 line %d\n" % (n // 60, n % 60, n) for n in range(300))
    source = finish(FileSource(HeldText(data, START + 300 * 60), "a", START))
    chunk, ordinal = since(source, 5 * 60)
    assert source.chunk(chunk)[ordinal].raw == b"04:54:00 line 294"
    assert newest(source) == START + 299 * 60
    reader = Reader(source)
    reader.last_minutes(5)
    while (errand := reader.next_errand()) is not None:
        errand()()
    assert reader.view.count == 6
    reader.last_minutes(0)
    assert reader.view is source


def test_the_last_minutes_of_lines_without_stamps_are_those_that_came_then():
    file = HeldText(b"".join(b"old %04d\n" % n for n in range(1000)), START + 600)
    source = finish(FileSource(file, "a", START))
    for second in range(120):
        file.add(b"new line %d\n" % second, START + 600 + second)
        source.grow(START + 600 + second)
    place = since(source, 60)
    assert place is not None  # chunks are what their times are known of
