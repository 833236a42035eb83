"""JSON lines → rows, fast. `trainer.record.jsonl` says what a row is; here the usual case is decoded in one go.

A chunk in which anything is unusual (a torn or damaged line, bytes that are not UTF-8, the bare NaN that some writers
leave) is read line by line by the reader that the contract has.
"""

from typing import Any

from trainer.record.jsonl import decode_lines, whole_lines


def decode(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """Rows of the whole lines, and how many lines were none. Names of numbers that JSON does not have stay text."""
    import msgspec  # noqa: PLC0415 - some 20 ms that the first frame does not need

    data = whole_lines(data)
    try:
        rows: list[Any] = msgspec.json.Decoder().decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return decode_lines(data)
    if set(map(type, rows)) <= {dict}:
        return rows, 0
    return decode_lines(data)
