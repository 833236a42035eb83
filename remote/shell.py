"""Python values into POSIX sh text, and the scripts in `remote/scripts`. Everything that varies is quoted here."""

import functools
import re
import shlex
from collections.abc import Mapping
from importlib import resources

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = frozenset(b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !"#$&()*+,-./:;<=>?@[]^_`{|}~\n\t')


@functools.cache
def script(name: str) -> str:
    """A file of `remote/scripts`."""
    return resources.files("remote.scripts").joinpath(name).read_text("utf-8")


def assign(values: Mapping[str, str]) -> str:
    """Assignments; the values are shell words already."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def path(value: str) -> str:
    """A path of the host as a shell word: absolute, or below the home folder."""
    if "\n" in value or "\0" in value:
        raise ValueError(f"path {value!r}: a path of the host must not hold line breaks")
    if value == "~":
        return '"$HOME"'
    if value.startswith("~/"):
        return '"$HOME"/' + shlex.quote(value[2:].rstrip("/")) if value.strip("~/") else '"$HOME"'
    if not value.startswith("/"):
        raise ValueError(f"path {value!r}: write an absolute path of the host, or one that starts with ~/")
    return shlex.quote(value.rstrip("/") or "/")


def with_run(value: str) -> str:
    """A shell word in which "{run}" is the run's folder."""
    if "\0" in value:
        raise ValueError(f"{value!r}: a NUL byte cannot be given to a program")
    return '"$RUN"'.join(shlex.quote(part) if part else "" for part in value.split("{run}")) or "''"


def environment(values: Mapping[str, str]) -> str:
    """One export a line."""
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"environment variable {name!r}: use letters, digits and _ only")
        if "\0" in value:
            raise ValueError(f"environment variable {name}: a NUL byte cannot be given to a program")
    return "".join(f"  export {name}={shlex.quote(value)}\n" for name, value in values.items())


def octal(data: bytes) -> str:
    """Any bytes as a format of the shell's printf, readable where they are text."""
    text = "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in data)
    return shlex.quote("\\055" + text[1:] if text.startswith("-") else text)  # no option of printf's
