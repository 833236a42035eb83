"""The keys of config.toml's tables as people meet them: what each means, and what typed text stands for. Pure."""

import dataclasses
import shlex
import typing
from collections.abc import Mapping
from typing import Any

from console.config import HostConfig, RaceConfig, SweepConfig, WorkerConfig
from console.editing.listed import grid_of
from console.editing.text import read_value, value_text

KINDS: dict[str, type] = {"hosts": HostConfig, "workers": WorkerConfig, "races": RaceConfig, "sweeps": SweepConfig}


def fields(kind: str) -> dict[str, str]:
    """Key → what it means, in the order of the reader."""
    return {item.name: str(item.metadata.get("doc", "")) for item in dataclasses.fields(KINDS[kind])}


def shown(value: Any) -> str:
    """A value as it can be typed again."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return shlex.join(value)
    return value_text(value)


def typed(kind: str, key: str, text: str) -> Any:
    """What was typed for a key: a text, words, or a table. None: nothing. ValueError with the mend."""
    text = text.strip()
    if not text:
        return None
    hint = typing.get_type_hints(KINDS[kind]).get(key, str)
    origin = typing.get_origin(hint)
    table = any(dataclasses.is_dataclass(kind) for kind in typing.get_args(hint))  # a table that may be left out
    if origin is tuple:
        if text.startswith("["):
            return read_value(text)
        try:
            return shlex.split(text)
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None
    if table or (isinstance(origin, type) and issubclass(origin, Mapping)):
        value = read_value(text if text.startswith("{") else f"{{ {text} }}")
        if not isinstance(value, Mapping):
            raise ValueError("write it as { key = value, … }")
        return value
    return text


def new_table(words: str, config_hosts: list[str]) -> tuple[tuple[str, str], dict[str, Any]]:
    """A new table from a line: host NAME [SSH], worker NAME PRESET [on HOST], race NAME WORKER WORKER …,
    sweep NAME WORKER KEY=V1,V2 …"""
    parts = words.split()
    match parts:
        case ["host", name]:
            return ("hosts", name), {"ssh": name}
        case ["host", name, ssh]:
            return ("hosts", name), {"ssh": ssh}
        case ["worker", name, preset]:
            return ("workers", name), {"host": next(iter(config_hosts), "here"), "trainer": preset}
        case ["worker", name, preset, "on", host]:
            return ("workers", name), {"host": host, "trainer": preset}
        case ["race", name, first, second, *others]:
            return ("races", name), {"workers": [first, second, *others]}
        case ["sweep", name, worker, first, *others]:
            return ("sweeps", name), {"worker": worker, "grid": grid_of([first, *others])}
    raise ValueError(f"{words!r} is none of: {NEW}")


NEW = "host NAME [SSH]   worker NAME PRESET [on HOST]   race NAME WORKER WORKER …   sweep NAME WORKER KEY=V1,V2 …"
