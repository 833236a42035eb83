"""Typed TOML: a table becomes a frozen dataclass, or one error that names every problem with file, line, key and mend.

Standard library only: the trainer reads its configuration with it on the host, the console reads config.toml with it on
the laptop. All problems are reported at once, so that nobody meets them one crash at a time.

    @dataclass(frozen=True)
    class Optim:
        lr: float = setting(1e-3, "learning rate", low=0.0)
        kind: Literal["adam", "sgd"] = setting("adam", "optimiser")

    optim = build(Optim, tomllib.loads(text), Source("train.toml", text))
"""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration."""

    file: str
    line: int | None
    key: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        text = f"{place}: {self.key}: {self.what}" if self.key else f"{place}: {self.what}"
        return f"{text} — {self.mend}" if self.mend else text


class ConfigError(ValueError):
    """A configuration that cannot be used, with all its problems."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class BadSetting(ValueError):
    """For `__post_init__`: what is wrong with one key of the table, when type and range cannot tell."""

    def __init__(self, key: str, what: str, mend: str = "") -> None:
        super().__init__(f"{key}: {what} — {mend}" if mend else f"{key}: {what}")
        self.key, self.what, self.mend = key, what, mend


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table came from: the name people know it by, and its text, for line numbers."""

    file: str
    text: str = ""

    def problem(self, key: str, what: str, mend: str = "") -> Problem:
        return Problem(self.file, line_of(self.text, key), key, what, mend)


def setting(
    default: Any = dataclasses.MISSING,
    doc: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    factory: Any = dataclasses.MISSING,
) -> Any:
    """A dataclass field with what people should know of it: meaning and range (both ends allowed)."""
    metadata = {"doc": doc, "low": low, "high": high}
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def build(cls: type[T], table: Mapping[str, Any], source: Source, at: str = "") -> T:
    """An instance of `cls`, or ConfigError with everything that is wrong. `at` is the key of the table itself."""
    problems: list[Problem] = []
    value = _table(cls, table, source, at, problems)
    if problems:
        raise ConfigError(problems)
    return typing.cast(T, value)


def nearest(word: str, known: Sequence[str]) -> str:
    """The mend for a misspelt word: the nearest known one, or the list of all."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if found:
        return f"did you mean {found[0]!r}?"
    return f"known: {', '.join(sorted(known))}" if known else ""


_WRONG = object()


def _table(cls: type, table: Mapping[str, Any], source: Source, at: str, problems: list[Problem]) -> Any:
    before = len(problems)
    hints = typing.get_type_hints(cls)
    settings = {item.name: item for item in dataclasses.fields(cls) if item.init}
    for key in table:
        if key not in settings:
            problems.append(source.problem(_join(at, key), "unknown key", nearest(key, list(settings))))
    values: dict[str, Any] = {}
    for name, item in settings.items():
        key = _join(at, name)
        if name in table:
            value = _value(hints[name], table[name], source, key, problems)
            if value is not _WRONG:
                _check_range(item.metadata, value, source, key, problems)
            values[name] = value
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            problems.append(source.problem(key, "missing", item.metadata.get("doc") or "give it a value"))
    if len(problems) > before:
        return _WRONG
    try:
        return cls(**values)
    except ConfigError as error:
        problems.extend(error.problems)
    except BadSetting as error:
        problems.append(source.problem(_join(at, error.key), error.what, error.mend))
    except ValueError as error:  # from __post_init__: what a single key cannot tell
        problems.append(source.problem(at, str(error)))
    return _WRONG


def _value(kind: Any, value: Any, source: Source, key: str, problems: list[Problem]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is typing.Literal:
        if value in arguments:
            return value
        mend = nearest(str(value), [str(item) for item in arguments])
        problems.append(source.problem(key, f"{value!r} is not one of {', '.join(map(repr, arguments))}", mend))
        return _WRONG
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, value, source, key, problems)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if isinstance(value, Mapping):
            return _table(kind, value, source, key, problems)
    elif origin in (tuple, list):
        if isinstance(value, list | tuple):
            items = [_value(arguments[0], item, source, f"{key}[{n}]", problems) for n, item in enumerate(value)]
            return tuple(items) if origin is tuple else items
    elif origin is not None and issubclass(origin, Mapping):
        if isinstance(value, Mapping):
            return {
                name: _value(arguments[1], item, source, _join(key, name), problems) for name, item in value.items()
            }
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    problems.append(source.problem(key, f"{value!r} is not {_name(kind)}"))
    return _WRONG


def _union(kinds: Sequence[Any], value: Any, source: Source, key: str, problems: list[Problem]) -> Any:
    if value is None and type(None) in kinds:
        return None
    best: list[Problem] | None = None
    for kind in (item for item in kinds if item is not type(None)):
        found: list[Problem] = []
        result = _value(kind, value, source, key, found)
        if not found:
            return result
        # A table that nearly fits tells more than "is not a table".
        if best is None or isinstance(value, Mapping):
            best = found
    problems.extend(best or [])
    return _WRONG


def _check_range(metadata: Mapping[str, Any], value: Any, source: Source, key: str, problems: list[Problem]) -> None:
    low, high = metadata.get("low"), metadata.get("high")
    for number in value if isinstance(value, tuple) else (value,):
        if not isinstance(number, int | float) or isinstance(number, bool):
            continue
        if (low is not None and not number >= low) or (high is not None and not number <= high):
            wanted = " and ".join(
                text
                for text in (
                    f"at least {low:g}" if low is not None else "",
                    f"at most {high:g}" if high is not None else "",
                )
                if text
            )
            problems.append(source.problem(key, f"{number!r} is out of range", f"{wanted}"))


def _name(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    if kind in names:
        return names[kind]
    if dataclasses.is_dataclass(kind):
        return "a table"
    origin = typing.get_origin(kind)
    if origin in (tuple, list):
        return "a list"
    return "a table" if origin is not None else str(kind)


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def line_of(text: str, key: str) -> int | None:
    """The line (from 1) on which the dotted `key` stands in TOML `text`; its table's line when the key has none.

    A key that only heads of tables spell ([worker.a] for "worker") is on the first of those.
    """
    if not text:
        return None
    wanted = re.sub(r"\[\d+\]", "", key).split(".")
    table: list[str] = []
    nearest_line: int | None = None
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        header = re.match(r"\[\[?([^\]]+)\]\]?", stripped)
        if header:
            table = [_unquote(part) for part in header[1].split(".")]
            path = table
        else:
            pair = re.match(r"""((?:[A-Za-z0-9_.-]+|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=""", stripped)
            if not pair or stripped.startswith("#"):
                continue
            path = [*table, *(_unquote(part) for part in pair[1].split("."))]
        if path == wanted[: len(path)] and len(path) > best:
            nearest_line, best = number, len(path)
        elif not best and path[: len(wanted)] == wanted:
            nearest_line, best = number, len(wanted)
    return nearest_line


def _unquote(part: str) -> str:
    return part.strip().strip("\"'")
