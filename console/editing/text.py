"""TOML text and a change → TOML text: comments, order and spacing stay as people wrote them. Pure.

A configuration has named tables, [hosts.NAME], [workers.NAME], [races.NAME], with keys in them; a change names the
table, or one of its keys. What comes out is read again and compared with what was meant: text that is written in a way
that cannot be changed surely is refused, and a person changes it by hand.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.record import toml

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """`key` is (hosts, NAME) or (hosts, NAME, field); `value` of a table is a mapping. None takes it away."""

    key: Path
    value: Any = None

    def __str__(self) -> str:
        return ".".join(self.key)


@dataclass(frozen=True, slots=True)
class _Item:
    """A header or a pair, and its lines."""

    path: Path
    first: int
    after: int
    header: bool


def apply(text: str, changes: Iterable[Change]) -> str:
    """The text with these changes, one after the other. ValueError where one cannot be made surely."""
    for change in changes:
        text = _apply(text, change)
    return text


def values_of(text: str, changes: Iterable[Change]) -> dict[str, Any]:
    """What the text with these changes must mean."""
    table = tomllib.loads(text)
    for change in changes:
        _mean(table, change)
    return table


def value_text(value: Any) -> str:
    """A value on one line, as people write it: { run.epochs = 3 } for a table."""
    if isinstance(value, Mapping):
        pairs = [f"{'.'.join(map(_key, path))} = {value_text(item)}" for path, item in _leaves(value)]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return toml.dumps({"v": value}).partition("=")[2].strip()


def read_value(text: str) -> Any:
    """A value from what was typed: TOML, or a bare text. ValueError when it is neither."""
    text = text.strip()
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except (tomllib.TOMLDecodeError, RecursionError):
        if not text or text[0] in "[{\"'" or not text.isprintable():
            raise ValueError(f"{text} is neither a value nor a plain text: put a text into quotes") from None
        return text


def _apply(text: str, change: Change) -> str:
    wanted = values_of(text, [change])
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    changed = "".join(line if line.endswith("\n") else line + newline for line in _changed(lines, change))
    try:
        if tomllib.loads(changed) == wanted:
            return changed
    except tomllib.TOMLDecodeError:
        pass
    raise ValueError(f"{change} is not written in a way that can be changed surely: change it by hand")


def _changed(lines: list[str], change: Change) -> list[str]:
    items = _scan(lines)
    if len(change.key) == 2:
        if change.value is None:
            return _without(lines, [item for item in items if item.path[:2] == change.key])
        return _with_table(lines, items, change)
    own = [item for item in items if item.path[:3] == change.key]
    pairs = [item for item in own if item.path == change.key and not item.header]
    if change.value is not None and len(own) == 1 and pairs:
        return _replaced(lines, pairs[0], value_text(change.value))
    if change.value is not None and own:  # a subtable, or dotted keys: one line takes their place
        lines = _without(lines, own)
        items = _scan(lines)
    elif change.value is None:
        return _without(lines, own)
    return _with_pair(lines, items, change)


def _replaced(lines: list[str], item: _Item, value: str) -> list[str]:
    """The pair with another value; what stood behind the old one stays, where it stood on one line."""
    first = lines[item.first]
    head = first[: _equals(first) + 1]
    tail = _comment(first) if item.after - item.first == 1 else ""
    return [*lines[: item.first], f"{head} {value}{tail}", *lines[item.after :]]


def _with_pair(lines: list[str], items: Sequence[_Item], change: Change) -> list[str]:
    """A new pair behind the last one of its table."""
    table, (key,) = change.key[:2], change.key[2:]
    places = [n for n, item in enumerate(items) if item.header and item.path == table]
    line = f"{_key(key)} = {value_text(change.value)}"
    if not places:
        return _with_table(lines, items, Change(table, {key: change.value}))
    at = places[0]
    while at + 1 < len(items) and not items[at + 1].header:
        at += 1
    return [*lines[: items[at].after], line, *lines[items[at].after :]]


def _with_table(lines: list[str], items: Sequence[_Item], change: Change) -> list[str]:
    """A new table behind the last one of its kind; the first of its kind at the end of the file."""
    block = [f"[{'.'.join(map(_key, change.key))}]", *(f"{_key(k)} = {value_text(v)}" for k, v in change.value.items())]
    kind = [n for n, item in enumerate(items) if item.path[:1] == change.key[:1]]
    if not kind:
        blank = [""] if lines and lines[-1].strip() else []
        return [*lines, *blank, *block]
    after = items[kind[-1]].after
    while after < len(lines) and lines[after].startswith("#"):  # words about the table above
        after += 1
    return [*lines[:after], "", *block, *lines[after:]]


def _without(lines: list[str], items: Sequence[_Item]) -> list[str]:
    """Without these, and without a second blank line where one was taken out."""
    gone = {number for item in items for number in range(item.first, item.after)}
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number in gone:
            continue
        if not line.strip() and number - 1 in gone and (not kept or not kept[-1].strip()):
            continue
        kept.append(line)
    return kept


def _scan(lines: Sequence[str]) -> list[_Item]:
    """Headers and pairs with their lines. The text is known to be TOML."""
    items: list[_Item] = []
    table: Path = ()
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if not line or line.startswith("#"):
            at += 1
            continue
        if line.startswith("["):
            table = _path_of(tomllib.loads(line))
            items.append(_Item(table, at, at + 1, header=True))
            at += 1
            continue
        end = at + 1
        while not _whole(lines[at:end]) and end < len(lines):
            end += 1
        items.append(_Item((*table, *_key_of(lines[at])), at, end, header=False))
        at = end
    return items


def _whole(lines: Sequence[str]) -> bool:
    try:
        tomllib.loads("".join(lines))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _path_of(table: Mapping[str, Any]) -> Path:
    """The only path in a table that a header alone makes."""
    path: list[str] = []
    inner: Any = table
    while isinstance(inner, Mapping) and inner:
        (key,) = inner
        path.append(key)
        inner = inner[key]
    return tuple(path)


def _equals(line: str) -> int:
    """Where the key of a pair ends: the first = behind which the key is whole."""
    at = line.find("=")
    while at >= 0:
        try:
            tomllib.loads(f"{line[:at]} = 0")
        except tomllib.TOMLDecodeError:
            at = line.find("=", at + 1)
        else:
            return at
    raise ValueError(f"no pair: {line.strip()}")


def _key_of(line: str) -> Path:
    return _path_of(_zeros(tomllib.loads(f"{line[: _equals(line)]} = 0")))


def _zeros(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """With empty tables for its zero, so that it is a path."""
    return {key: _zeros(value) if isinstance(value, Mapping) else {} for key, value in table.items()}


def _comment(line: str) -> str:
    """The blanks and the comment behind a value that ends on this line."""
    body = line.rstrip("\r\n")
    for at in (n for n, character in enumerate(body) if character == "#"):
        if _whole([body[:at]]):
            return body[len(body[:at].rstrip()) :]
    return ""


def _leaves(table: Mapping[str, Any], at: Path = ()) -> Iterable[tuple[Path, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*at, key))
        else:
            yield (*at, key), value


def _key(key: str) -> str:
    return key if _BARE.match(key) else value_text(key)


def _mean(table: dict[str, Any], change: Change) -> None:
    *way, last = change.key
    inner: Any = table
    for key in way:
        if change.value is None and key not in inner:
            return
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{change}: {key} is no table here")  # noqa: TRY004 - what a person wrote
    if change.value is None:
        inner.pop(last, None)
    else:
        inner[last] = _as_read(change.value)
    for depth in range(len(way), 0, -1):  # a kind whose last table went leaves nothing behind
        outer: Any = table
        for key in way[: depth - 1]:
            outer = outer[key]
        if outer[way[depth - 1]] == {} and depth == 1:
            del outer[way[depth - 1]]


def _as_read(value: Any) -> Any:
    """As TOML gives it back."""
    if isinstance(value, Mapping):
        return {key: _as_read(item) for key, item in value.items()}
    return [_as_read(item) for item in value] if isinstance(value, list | tuple) else value


def set_table(items: Iterable[str]) -> dict[str, Any]:
    """`run.epochs=3` … as the table that `set` is. ValueError for what is none."""
    table: dict[str, Any] = {}
    for item in items:
        key, equals, text = item.partition("=")
        if not equals or not all(part.strip() for part in key.split(".")):
            raise ValueError(f"{item} is not of the form key=value, as in run.epochs=3")
        table = put_inside(table, [part.strip() for part in key.split(".")], read_value(text))
    return table


def put_inside(table: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy of the table with one value set; None removes it."""
    first, *rest = path
    inner = table.get(first)
    changed: Any = put_inside(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value
    if changed is None or (rest and not changed):
        return {key: item for key, item in table.items() if key != first}
    return {**table, first: changed}
