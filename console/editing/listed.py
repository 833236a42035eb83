"""Values of a sweep as they are typed: KEY=V1,V2 for a grid, a .csv or .toml file for a list."""

import csv
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from console.editing.text import put_inside, read_value


def values_of(text: str) -> list[Any]:
    """`0.1,0.01` or `adam,sgd` or `[0.9, 0.99],[0.8, 0.9]`. ValueError for what is none."""
    try:
        return list(tomllib.loads(f"v = [{text}]")["v"])
    except tomllib.TOMLDecodeError:
        return [read_value(part) for part in text.split(",")]


def grid_of(items: Iterable[str]) -> dict[str, Any]:
    """`optim.lr=0.1,0.01` … as the table that `grid` is."""
    grid: dict[str, Any] = {}
    for item in items:
        key, equals, text = item.partition("=")
        path = [part.strip() for part in key.split(".")]
        if not equals or not all(path) or not text.strip():
            raise ValueError(f"{item} is not of the form key=value,value, as in optim.lr=0.1,0.01")
        grid = put_inside(grid, path, values_of(text))
    return grid


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Combinations of a file: a .csv whose first line has the keys, or a .toml with `list = [ { … }, … ]`."""
    text = path.read_text("utf-8")
    if path.suffix == ".toml":
        try:
            rows = tomllib.loads(text).get("list")
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path}: not TOML: {error}") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{path}: needs list = [ {{ optim.lr = 0.1 }}, … ]")
        return rows
    if path.suffix != ".csv":
        raise ValueError(f"{path}: is neither .csv nor .toml")
    head, *lines = [row for row in csv.reader(text.splitlines()) if row] or [[]]
    found = []
    for number, line in enumerate(lines, 2):
        if len(line) != len(head):
            raise ValueError(f"{path}: line {number} has {len(line)} values, and the first line {len(head)} keys")
        row: dict[str, Any] = {}
        for key, value in zip(head, line, strict=True):
            row = put_inside(row, [part.strip() for part in key.split(".")], read_value(value))
        found.append(row)
    if not found:
        raise ValueError(f"{path}: has no combination: keys in the first line, values below")
    return found
