"""One value in a TOML text changed, everything else as people wrote it: comments, order, spacing."""

import re
import tomllib
from typing import Any

_VALUE = re.compile(r"""^(?P<head>\s*[\w"'.-]+\s*=\s*)(?P<value>"[^"]*"|'[^']*'|[^#\s]+)(?P<rest>\s*(?:\#.*)?)$""")


def put(text: str, table: str, key: str, value: str) -> str:
    """The text with `key` of `[table]` set to `value`, which is TOML; ValueError where that cannot be done surely."""
    lines = text.splitlines()
    start = next(
        (n for n, line in enumerate(lines) if re.fullmatch(rf"\[\s*{table}\s*\]\s*(#.*)?", line.strip())), None
    )
    if start is None:
        lines += ["", f"[{table}]", f"{key} = {value}"]
    else:
        end = next((n for n in range(start + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
        place = next((n for n in range(start + 1, end) if re.match(rf"\s*{key}\s*=", lines[n])), None)
        if place is None:
            lines.insert(start + 1, f"{key} = {value}")
        elif (found := _VALUE.match(lines[place])) is not None:
            lines[place] = f"{found['head']}{value}{found['rest']}"
    changed = "\n".join(lines) + "\n"
    if not _only(text, changed, table, key, value):
        raise ValueError(
            f"[{table}] {key} is not written in a way that can be changed safely: set it to {value} by hand"
        )
    return changed


def _only(before: str, after: str, table: str, key: str, value: str) -> bool:
    """Whether nothing but this value differs."""
    try:
        old, new = tomllib.loads(before), tomllib.loads(after)
        wanted: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return False
    old.setdefault(table, {})[key] = wanted
    return old == new
