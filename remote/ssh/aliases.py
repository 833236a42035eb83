"""The hosts that a person's ssh configuration names: every `Host` word without a wildcard, through every Include.

Only names are read here, what they mean is asked of ssh itself (`settings`). Nothing in a file can make it fail: what
cannot be read is passed over.
"""

import glob
import os
import pwd
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEPTH = 16  # ssh's own bound
_LINE = re.compile(r"\s*(?P<key>[A-Za-z]+)(?:\s*=\s*|\s+)(?P<rest>.*?)\s*\Z")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that can be typed after ssh, and where it stands."""

    name: str
    file: Path
    line: int


def own() -> Path:
    """The user's own file. ssh looks for it in the home of the account, whatever $HOME says."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".ssh/config"


def aliases(file: Path | None = None) -> list[Alias]:
    """Each name once, in the order of the files."""
    found: dict[str, Alias] = {}
    path = file or own()
    for alias in _read(path, path.parent, 0):
        found.setdefault(alias.name, alias)
    return list(found.values())


def _read(path: Path, home: Path, depth: int) -> Iterator[Alias]:
    try:
        text = path.read_text("utf-8", "replace")
    except (OSError, ValueError):
        return
    for number, line in enumerate(text.splitlines(), 1):
        key, words = parse_line(line)
        if key == "host":
            yield from (Alias(word, path, number) for word in words if is_host(word))
        elif key == "include" and depth < _DEPTH:
            for word in words:
                for inner in _matching(word, home):
                    yield from _read(inner, home, depth + 1)


def parse_line(line: str) -> tuple[str, list[str]]:
    """A line's keyword, in lower case, and its words; two times nothing for a comment or what is no line."""
    found = _LINE.match(line)
    if found is None:
        return "", []
    try:
        words = shlex.split(found["rest"], comments=True)
    except ValueError:  # a quote that does not end
        words = found["rest"].split()
    return found["key"].lower(), words


def is_host(word: str) -> bool:
    """One name, not a pattern for many."""
    return bool(word) and word.isprintable() and not set(word) & set("*?! \t") and not word.startswith("-")


def _matching(word: str, home: Path) -> list[Path]:
    """Files of an Include: relative ones lie beside the user's own configuration."""
    try:
        pattern = Path(word).expanduser()
        return [Path(name) for name in sorted(glob.glob(str(home / pattern)))]  # noqa: PTH207 - absolute ones too
    except (ValueError, RuntimeError, OSError, re.error):
        return []
