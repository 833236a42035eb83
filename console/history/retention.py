"""Which runs may go from this laptop, and why the others may not. Pure."""

from dataclasses import dataclass

from console.fleet.cells import LIVE
from console.history.entry import Entry

FORGET, THIN = "forget", "thin"  # all that is known of a run; its metrics, events and logs


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds since a run's end after which it goes; None: never."""

    runs: float | None = None
    mirror: float | None = None
    only_copies: bool = False  # a person said that also what is nowhere else may go


@dataclass(frozen=True, slots=True)
class Held:
    """What there is of a run, and where."""

    configured: bool  # its host is in config.toml
    mirrored: bool  # its folder is in the mirror
    gone: bool  # its folder was removed from the host
    pulled: bool  # all of it was pulled, and lies untouched elsewhere on this laptop
    streams: int = 0  # bytes of its metrics, events and logs in the mirror
    bytes: int = 0  # of its whole folder in the mirror


@dataclass(frozen=True, slots=True)
class Verdict:
    """On a run that is old enough. `why` it is kept nevertheless; nothing when it goes."""

    entry: Entry
    deed: str
    bytes: int
    why: str = ""


def due(entry: Entry, rules: Rules, now: float) -> str:
    """What its age alone asks for."""
    age = now - (entry.ended or entry.started or entry.seen)
    if rules.runs is not None and age > rules.runs:
        return FORGET
    return THIN if rules.mirror is not None and age > rules.mirror else ""


def verdict(entry: Entry, deed: str, held: Held, protected: str, rules: Rules) -> tuple[Verdict, ...]:
    """On a run that is due; none where there is nothing to remove. `protected`: what people said to its favour."""
    if deed == THIN and not held.streams:
        return ()
    size = held.bytes if deed == FORGET else held.streams
    return (Verdict(entry, deed, size, protected or _why_kept(entry, held, rules)),)


def _why_kept(entry: Entry, held: Held, rules: Rules) -> str:
    there = held.configured and not held.gone
    if there and entry.state in LIVE:
        return "it was alive when it was last seen"
    if there and held.mirrored:
        return "it is still on its host, and would come back: remove it there first"
    if held.mirrored and not held.pulled and not rules.only_copies:
        return "there is no other copy: --only-copies takes it too"
    return ""
