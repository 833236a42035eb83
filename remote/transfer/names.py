"""Which names of a host may become paths here. Pure."""

import unicodedata
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

_MOST_PART = 240  # bytes; file systems take 255, and a little is needed for what stands beside
_MOST_PATH = 3000
_MOST_DEPTH = 64
_AWAY = frozenset(("", ".", ".."))


def fault(path: str) -> str:
    """Why this name of a host cannot be a path below a folder here; nothing when it can."""
    parts = path.split("/")
    if not path or path.startswith("/"):
        return "it is no path below the folder"
    if not _AWAY.isdisjoint(parts):
        return "it leads out of the folder"
    if len(path) <= _MOST_PART and path.isascii() and path.isprintable() and len(parts) <= _MOST_DEPTH:
        return ""  # as nearly all are, and there may be very many
    if any("\ud800" <= character <= "\udfff" for character in path):
        return "it is not UTF-8"
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in path):
        return "it holds control characters"
    return _too_long(parts)


def _too_long(parts: list[str]) -> str:
    sizes = [len(part.encode()) for part in parts]
    if sum(sizes) + len(parts) > _MOST_PATH or max(sizes) > _MOST_PART:
        return "it is too long"
    return "it is too deep" if len(parts) > _MOST_DEPTH else ""


def folded(path: str) -> str:
    """The same for all names that a file system without regard to case takes for one."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def clashes(paths: Collection[str], *, case: bool = True) -> set[str]:
    """Files that cannot lie beside the others: one where another needs a folder, and, where case does not count
    (`case` False), one that would land on another.
    """
    if case and not any("/" in path for path in paths):
        return set()
    seen: dict[str, str] = {}
    found = set()
    for path in sorted(paths):
        parts = path.split("/")
        places = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))] + [path]
        keys = [place.rstrip("/") if case else folded(place.rstrip("/")) for place in places]
        if any(seen.get(key, place) != place for key, place in zip(keys, places, strict=True)):
            found.add(path)
        else:
            seen.update(zip(keys, places, strict=True))
    return found


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether one of the patterns names the path, its last part, or a folder above it. `*` also crosses folders."""
    parts = path.split("/")
    above = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return any(fnmatchcase(place, glob.rstrip("/")) for glob in globs for place in (*above, parts[-1]))
