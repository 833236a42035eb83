"""JSON lines as the run directory writes them: whole lines, numbers that may be NaN, rows that may be superseded.

JSON has no NaN and no infinity. A number that is one is written as the string "NaN", "Infinity" or "-Infinity", so
that readers in every language can parse the line; readers here turn those strings back into floats.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

_TO_NAME = {math.inf: "Infinity", -math.inf: "-Infinity"}
_FROM_NAME = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

RESUME = "resume"  # phase of the row that supersedes every earlier row with a larger step


def jsonable(value: Any) -> Any:
    """The same value with every non-finite float replaced by its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return _TO_NAME.get(value, "NaN")
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


def numbers(value: Any) -> Any:
    """The reverse of `jsonable`: names of non-finite floats become floats again."""
    if isinstance(value, str):
        return _FROM_NAME.get(value, value)
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return value


def encode(row: Mapping[str, Any]) -> bytes:
    """One row as one whole line."""
    text = json.dumps(jsonable(row), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def decode_document(data: bytes) -> dict[str, Any] | None:
    """A JSON object, or None when the bytes are not one (torn, empty, another type)."""
    try:
        value = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return numbers(value) if isinstance(value, dict) else None


def whole_lines(data: bytes) -> bytes:
    """The part of `data` that ends with its last newline: what may be read; the rest is still being written."""
    return data[: data.rfind(b"\n") + 1]


def decode_lines(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """Rows of the whole lines in `data`, and how many lines were not JSON objects."""
    rows: list[dict[str, Any]] = []
    damaged = 0
    for line in whole_lines(data).split(b"\n"):
        if not line.strip():
            continue
        row = decode_document(line)
        if row is None:
            damaged += 1
        else:
            rows.append(row)
    return rows, damaged


def effective(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows that count: a row with phase "resume" at step s supersedes all earlier rows whose step is larger than s.

    Files are only ever appended to, so a run that was killed after its last checkpoint and resumed has written some
    steps twice; the marker says from where.
    """
    kept: list[Mapping[str, Any]] = []
    for row in rows:
        if row.get("phase") == RESUME:
            step = row.get("step")
            if isinstance(step, int | float):
                kept = [old for old in kept if not _after(old, step)]
        else:
            kept.append(row)
    return kept


def _after(row: Mapping[str, Any], step: float) -> bool:
    value = row.get("step")
    return isinstance(value, int | float) and value > step
