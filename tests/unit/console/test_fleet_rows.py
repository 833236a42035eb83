"""Metric rows by column say what the rows said, whatever was resumed, left in a file or appended to an old snapshot."""

import json
import math
from array import array

from hypothesis import given
from hypothesis import strategies as st

from console.fleet import decoding
from console.fleet.decoding import decode
from console.fleet.model import Run, RunKey
from console.fleet.points import metric_names, points, thinned
from console.fleet.rows import Earlier, Rows
from trainer.record.jsonl import decode_document, decode_lines, effective, encode
from trainer.record.status import from_json

VALUES = st.one_of(
    st.floats(), st.integers(-3, 3), st.sampled_from(["NaN", "-Infinity", "word", None, True, [1.0], 10**400])
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "phase": st.sampled_from(["train", "train", "val", "resume", "resume", "odd", 3]),
            "step": st.one_of(st.integers(-1, 9), st.floats(0, 9), st.sampled_from(["NaN", None])),
            "t": st.floats(0, 1e9),
            "epoch": st.integers(0, 3),
            "loss": VALUES,
            "val_loss": VALUES,
            "acc": VALUES,
        },
    ),
    max_size=14,
)


def told(row):
    """What of a row is kept: clocks, its phase, and numbers under the names that charts have."""
    found = {"phase": row["phase"]} if isinstance(row.get("phase"), str) else {}
    for name, written in row.items():
        (value,) = decode_lines(encode({"a": written}))[0][0].values()  # names of numbers are numbers
        if name == "phase" or isinstance(value, bool) or not isinstance(value, int | float) or abs(value) == 10**400:
            continue
        if name in ("t", "step", "epoch") and math.isnan(value):
            continue
        val = name == "loss" and str(row.get("phase", "")).startswith("val")
        if not val or "val_loss" not in row:
            found["val_loss" if val else name] = value
    return found


def same(found, wanted):
    return repr([{k: float(v) if k != "phase" else v for k, v in sorted(r.items())} for r in found]) == repr(
        [{k: float(v) if k != "phase" else v for k, v in sorted(r.items())} for r in wanted]
    )


def numbered(rows):
    """As they come from a file."""
    return decode(b"".join(map(encode, rows)))[0]


@given(ROWS, st.integers(0, 14))
def test_rows_are_the_effective_ones(rows, cut):
    wanted = [told(row) for row in effective(decode_lines(b"".join(map(encode, rows)))[0])]
    read = numbered(rows)
    assert same(Rows(read), wanted)
    assert same(Rows(read[:cut]).extended(read[cut:]), wanted)
    assert same(Rows(read).of_phase("val"), [row for row in Rows(read) if row.get("phase") == "val"])
    left = Rows(earlier=Earlier(lambda: read[:cut])).extended(read[cut:])
    assert same(left, wanted) and same([left[n] for n in range(len(left))], wanted)


@given(ROWS, ROWS, ROWS)
def test_old_snapshots_stay_what_they_were(first, second, third):
    one = Rows(numbered(first))
    before = list(one)
    two, other = one.extended(numbered(second)), one.extended(numbered(third))
    assert same(two, Rows(numbered([*first, *second]))) and same(other, Rows(numbered([*first, *third])))
    assert same(one, before)


@given(st.binary(max_size=60), st.lists(st.sampled_from([b'{"a": NaN}', b'{"a":1}', b"[1]", b"{", b"\xff", b" "])))
def test_the_fast_reader_reads_what_the_contract_reads(noise, lines):
    for data in (noise, b"\n".join(lines), b"\n".join([*lines, b""])):
        found, damaged = decode(data)
        wanted, bad = decode_lines(data)
        assert (repr(found), damaged) == (repr(wanted), bad)


def run_of(rows):
    return Run(RunKey("h", "r"), 0.0, 0.0, rows=Rows(rows))


def test_curves_lie_on_every_axis():
    rows = [{"t": 100.0 + n, "step": n * 10, "epoch": n // 2, "loss": 1 / (n + 1)} for n in range(4)]
    rows.insert(2, {"phase": "val", "loss": 0.5, "step": 15, "epoch": 1})
    run = run_of(rows)
    assert metric_names(run) == ("loss", "val_loss")
    assert list(points(run, "loss")[0]) == [0, 10, 20, 30]
    assert list(points(run, "val_loss", "time")[0]) == [1.0]  # it has no time of its own: that of the row before it
    assert list(points(run, "loss", "epoch")[0]) == [0, 0, 1, 1]
    assert list(points(run, "nothing")[1]) == []
    assert points(run, "loss") is points(run, "loss")


def test_rows_without_a_step_are_counted():
    assert list(points(run_of([{"a": 1.0}, {"a": 2.0}]), "a")[0]) == [0, 1]
    assert list(points(run_of([]), "a")[0]) == []


@given(
    st.lists(st.tuples(st.floats(0, 100), st.one_of(st.floats(-9, 9), st.just(math.nan))), max_size=80),
    st.integers(1, 12),
)
def test_thinning_loses_no_peak(pairs, bins):
    pairs.sort(key=lambda pair: pair[0])
    xs, ys = array("d", [x for x, _ in pairs]), array("d", [y for _, y in pairs])
    few_x, few_y = thinned(xs, ys, bins)
    assert len(few_x) == len(few_y) <= max(2 * bins, 0 if len(xs) > 2 * bins else len(xs))
    numbers = [y for y in ys if not math.isnan(y)]
    if numbers:
        shown = [y for y in few_y if not math.isnan(y)]
        assert (min(shown), max(shown)) == (min(numbers), max(numbers))
    assert list(few_x) == sorted(few_x)
    assert {json.dumps(pair) for pair in zip(few_x, few_y, strict=True)} <= {json.dumps(pair) for pair in pairs}


def test_points_of_a_whole_file_are_read_once():
    asked = []

    def read():
        asked.append(1)
        return [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}]

    rows = Rows(earlier=Earlier(read)).extended([{"step": 3, "loss": 1.0}])
    assert rows and not rows.complete and not asked
    assert rows.newest("loss", 5) == [1.0] and not asked
    assert len(rows) == 3 and rows.complete
    later = rows.extended([{"step": 4, "loss": 0.5}])
    assert list(later.column("loss").values) == [3.0, 2.0, 1.0, 0.5] and asked == [1]


STATUS = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["training", "finished", 3, None]),
        "epoch": st.one_of(st.integers(-1, 9), st.floats(0, 3), st.sampled_from([2.0, "2", True, None])),
        "heartbeat": st.one_of(st.floats(0, 1e9), st.integers(0, 9), st.sampled_from(["NaN", True, None])),
        "metrics": st.one_of(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), st.just([])),
        "best": st.dictionaries(st.just("a"), st.fixed_dictionaries({}, optional={"value": VALUES, "mode": VALUES})),
        "stopping": st.sampled_from(
            [None, {}, {"criteria": [{"metric": "a", "passed": None}], "odd": 1}, {"every": 2.5}]
        ),
        "notes": st.sampled_from([[], ["a"], ["a", 1], "a"]),
        "device": st.sampled_from([None, {"kind": "cuda", "index": 1, "more": 2}, []]),
        "extra": st.sampled_from([{}, {"a": 1}, 3]),
        "own": VALUES,
    },
)


@given(STATUS)
def test_the_fast_status_is_what_the_contract_reads(data):
    text = encode(data).decode()
    wanted = decode_document(text.encode())
    found = decoding.document(text)
    assert repr(found) == repr(wanted)
    assert repr(decoding.status(found)) == repr(from_json(wanted))


@given(st.one_of(st.text(max_size=20), st.sampled_from(['{"a": NaN}', "[1]", '{"a": "NaN"}', '{"a":1}x', "{"])))
def test_the_fast_document_is_what_the_contract_reads(text):
    assert repr(decoding.document(text)) == repr(decode_document(text.encode("utf-8", "replace")))
