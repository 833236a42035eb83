"""A configuration file that is being changed: its text as it was read, the changes, the result; and writing it.

The changes are kept as changes, so that the last one can be taken back, and all of them can be made again on top of
what somebody else wrote meanwhile. Nothing is written that the product's own reader does not accept.
"""

import difflib
import fcntl
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from console import config as configuration
from console.config import Config
from console.editing.text import Change, apply, values_of
from trainer.record import atomic
from trainer.schema import ConfigError, Problem


class ChangedMeanwhile(Exception):
    """Somebody else wrote the file since it was read."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`path` is what will be written; `there` its bytes when it was read, None when there was no such file."""

    path: Path
    before: str
    there: bytes | None
    changes: tuple[Change, ...] = ()

    @property
    def text(self) -> str:
        """With all changes."""
        return apply(self.before, self.changes)

    @property
    def table(self) -> Mapping[str, Any]:
        """What it means."""
        return values_of(self.before, self.changes)

    def with_change(self, key: tuple[str, ...], value: Any = None) -> "Draft":
        """One change more. ValueError when it cannot be made in this text."""
        changed = replace(self, changes=(*self.changes, Change(key, value)))
        if changed.text == self.text:
            return self
        return changed

    def without_last(self) -> "Draft":
        """The last change taken back."""
        return replace(self, changes=self.changes[:-1])

    def config(self) -> Config:
        """As the product reads it. ConfigError with all that is wrong."""
        return configuration.parse(self.text, self.path)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with it."""
        try:
            self.config()
        except ConfigError as error:
            return error.problems
        return ()

    def difference(self) -> list[str]:
        """Lines of a unified difference; of a new file, to the shipped one that it begins with."""
        old, new = self.before.splitlines(), self.text.splitlines()
        return [line.rstrip("\r\n") for line in difflib.unified_diff(old, new, str(self.path), "as it will be", n=2)]

    @property
    def outdated(self) -> bool:
        """The file is another one than was read."""
        return _bytes(self.path) != self.there

    def rebased(self) -> "Draft":
        """The same changes on the file as it is now. ConfigError or ValueError where that cannot be."""
        fresh = open_draft(self.path) if self.path.exists() else replace(self, there=None, changes=())
        again = replace(fresh, changes=self.changes)
        _ = again.text
        return again

    def save(self) -> "Draft":
        """Write it, whole or not at all; the draft of the new file. ConfigError, ChangedMeanwhile or OSError."""
        self.config()
        data = self.text.encode()
        path = self.path.resolve()  # a link stays a link
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.there is None:
            if not atomic.create_once(path, data):
                raise ChangedMeanwhile(str(self.path))
        else:
            _exchange(path, self.there, data)
        return Draft(self.path, data.decode(), data)


def open_draft(path: Path) -> Draft:
    """Of the configuration in force. The shipped one is never written: its text begins the user's own."""
    data = _bytes(path)
    if data is None:
        raise ConfigError([Problem(str(path), None, "", "is not there any more", "leave, and start again")])
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), None, "", f"is not UTF-8: {error}")]) from None
    configuration.check_toml(text, path)
    if path == configuration.shipped():
        return Draft(configuration.own(), text, None)
    return Draft(path, text, data)


def _exchange(path: Path, expected: bytes, data: bytes) -> None:
    """The file in one step, if it still is what was read. Of two consoles that save at once, one is told."""
    with path.open("rb") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        if _bytes(path) != expected:
            raise ChangedMeanwhile(str(path))
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), os.fstat(old.fileno()).st_mode & 0o7777)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    atomic.sync_folder(path.parent)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
