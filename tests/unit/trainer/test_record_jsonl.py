import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.record.jsonl import decode_document, decode_lines, effective, encode, whole_lines

NAMES = {"NaN", "Infinity", "-Infinity"}
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats()
    | st.text().filter(lambda text: text not in NAMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
rows = st.dictionaries(st.text(), values, max_size=5)


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(rows)
def test_a_row_reads_back_as_itself_not_a_number_included(row: dict[str, Any]) -> None:
    assert same(decode_document(encode(row)), row)


@given(rows)
def test_a_row_is_one_line_that_every_json_parser_reads(row: dict[str, Any]) -> None:
    line = encode(row)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    json.loads(line, parse_constant=refuse)


@given(st.lists(rows, max_size=6), st.data())
def test_wherever_a_file_is_torn_its_whole_lines_are_read(written: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = [encode(row) for row in written]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    found, damaged = decode_lines(whole[:cut])
    complete = sum(1 for n in range(len(lines)) if len(b"".join(lines[: n + 1])) <= cut)
    assert damaged == 0
    assert same(found, written[:complete])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_complaint(data: bytes) -> None:
    found, damaged = decode_lines(data)
    assert len(found) + damaged <= data.count(b"\n")
    assert whole_lines(data) + data[len(whole_lines(data)) :] == data


def test_damaged_lines_are_counted_and_the_others_kept() -> None:
    data = b'{"step":1}\nrubbish\n[1]\n\n{"step":2}\n{"step":'
    assert decode_lines(data) == ([{"step": 1}, {"step": 2}], 2)


def test_deep_nesting_is_a_damaged_line_and_no_crash() -> None:
    assert decode_lines(b"[" * 100_000 + b"\n") == ([], 1)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_written_as_their_names(number: float) -> None:
    assert (
        encode({"x": number})
        == b'{"x":"%s"}\n' % {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(number)].encode()
    )


def test_a_resume_takes_back_what_came_after_its_step() -> None:
    written = [
        {"step": 0, "phase": "val"},
        {"step": 5, "phase": "train"},
        {"step": 9, "phase": "train"},
        {"step": 5, "phase": "resume"},
        {"step": 8, "phase": "train"},
        {"note": "no step"},
        {"step": 7, "phase": "resume"},
    ]
    assert effective(written) == [{"step": 0, "phase": "val"}, {"step": 5, "phase": "train"}, {"note": "no step"}]
    assert effective([*written, {"step": -1, "phase": "resume"}]) == [{"note": "no step"}]


def test_a_resume_without_a_step_takes_nothing_back() -> None:
    assert effective([{"step": 5}, {"phase": "resume"}]) == [{"step": 5}]
