"""Values to TOML text: the standard library reads TOML but does not write it."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def dumps(table: Mapping[str, Any]) -> str:
    """A table as TOML. Keys whose value is None are left out: TOML has no null."""
    return "\n".join(_table(table, ())).strip() + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    tables: list[str] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = (*path, str(key))
            tables += ["", f"[{'.'.join(_key(part) for part in inner)}]", *_table(value, inner)]
        elif value is not None:
            lines.append(f"{_key(str(key))} = {_value(value)}")
    return lines + tables


def _key(key: str) -> str:
    return key if _BARE.match(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        text = repr(value)
        return text if any(mark in text for mark in ".en") else f"{text}.0"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{_key(str(key))} = {_value(item)}" for key, item in value.items() if item is not None)
        return "{" + ", ".join(pairs) + "}"
    return _string(str(value))


def _string(text: str) -> str:
    # JSON's escapes are TOML's, but for the surrogates that JSON makes of characters beyond the BMP, and DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
