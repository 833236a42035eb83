"""What is to be taken: what the host has × what is here × what is known to be here whole. Pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from remote.transfer.listing import Entry

Way = Literal["same", "check", "grow", "take"]


class Kept(NamedTuple):
    """A file that is here, whole: its hash was compared with the host's."""

    size: int
    mtime_ns: int
    sha256: str


class Here(NamedTuple):
    """A file as it lies here."""

    size: int
    mtime_ns: int


def way(entry: Entry, here: Here | None, kept: Kept | None, *, grows: bool = False, verify: bool = False) -> Way:
    """same   it is here, and nothing changed on either side
    check  it may be: its hash decides, no bytes are sent when it is
    grow   its beginning is here
    take   it is to be taken
    """
    if here is None:
        return "take"
    unchanged = kept is not None and (kept.size, kept.mtime_ns) == (entry.size, entry.mtime_ns) == tuple(here)
    if unchanged and not verify:
        return "same"
    if here.size == entry.size:
        return "check"
    return "grow" if grows and here.size < entry.size else "take"


def ways(
    files: Mapping[str, Entry],
    here: Mapping[str, Here],
    kept: Mapping[str, Kept],
    grows: frozenset[str] = frozenset(),
    *,
    verify: bool = False,
) -> dict[str, Way]:
    """For every file; small ones first, so that what explains a run is here before its checkpoints."""
    order = sorted(files.values(), key=lambda entry: (entry.size, entry.path))
    return {
        entry.path: way(entry, here.get(entry.path), kept.get(entry.path), grows=entry.path in grows, verify=verify)
        for entry in order
    }
