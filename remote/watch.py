"""What a probe is asked to watch on a host."""

from collections.abc import Mapping
from dataclasses import dataclass

Offsets = Mapping[str, Mapping[str, tuple[int, int]]]  # folder → stream → (inode, bytes that we have)


@dataclass(frozen=True, slots=True)
class Watched:
    """Every folder directly below `<root>/<parent>`: these documents and streams of it, where they exist."""

    parent: str
    documents: tuple[str, ...]
    streams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """The whole request. `root` is absolute on the host or starts with ~."""

    root: str
    folders: tuple[Watched, ...]

    def __post_init__(self) -> None:
        if not self.root.startswith(("/", "~")):
            raise ValueError(f"root {self.root!r}: write an absolute path of the host, or one that starts with ~")
