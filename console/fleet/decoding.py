"""What a run directory's files say, decoded fast. `trainer.record` says what they mean; here the usual case is decoded
in one go.

Where anything is unusual (a torn or damaged line, bytes that are not UTF-8, the bare NaN that some writers leave, a
value of another type) the reader that the contract has reads it.
"""

import re
from dataclasses import replace
from typing import Any

from trainer.record.jsonl import decode_document, decode_lines, whole_lines
from trainer.record.status import Status, from_json

_STATUS = frozenset(Status.__dataclass_fields__)
_NAMED = re.compile('"(?:NaN|-?Infinity)"')  # a number that JSON does not have


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


def document(text: str) -> dict[str, Any] | None:
    """A JSON object, or None when the text is not one."""
    import msgspec  # noqa: PLC0415

    if _NAMED.search(text):
        return decode_document(text.encode("utf-8", "replace"))
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return decode_document(text.encode("utf-8", "replace"))
    return value if isinstance(value, dict) else None


def status(data: dict[str, Any]) -> Status:
    """status.json as typed values: as `from_json` reads it, in 7 µs instead of 81 where all types are right."""
    import msgspec  # noqa: PLC0415

    extra = {key: value for key, value in data.items() if key not in _STATUS}
    if "extra" in data:
        return from_json(data)
    try:
        found = msgspec.convert(data, Status)
    except (msgspec.ValidationError, RecursionError):
        return from_json(data)
    return replace(found, extra=extra) if extra else found
