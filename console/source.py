"""The two seams between the console's engine and its views: where the fleet comes from, and how things are done to it.

The screen and the command line use only these. `console.pump` and `console.actions` implement them; tests and replay
hand in their own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from console.fleet.model import Fleet, RunKey
from console.pulling.options import PullOptions
from remote.events import Cache
from remote.launcher import Rung

if TYPE_CHECKING:
    from console.config import Config
    from console.deeds.adopting import Wish
    from console.door import Questions
    from console.editing.draft import Draft
    from console.examine import Found
    from remote.adoption import Foreign


@dataclass(frozen=True, slots=True)
class Step:
    """One line of progress of an action. `ok` is None while it goes on; a worker's last step says True or False."""

    worker: str
    text: str
    ok: bool | None = None
    countdown: float | None = None
    mend: str = ""
    share: float | None = None  # how much is done, where that can be told


class Source(Protocol):
    """Where the fleet comes from."""

    @property
    def fleet(self) -> Fleet:
        """The newest snapshot."""

    @property
    def readonly(self) -> bool:
        """No action is allowed."""

    def races(self) -> dict[str, tuple[str, ...]]:
        """Races of the configuration: name → workers."""

    def log_file(self, run: RunKey) -> Path | None:
        """Where the whole log of a run is on this laptop; None when only the fleet has its end."""

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back in the event loop's thread after every batch of changes; returns what ends it."""

    async def start(self) -> None:
        """Open the links; returns at once."""

    async def stop(self) -> None:
        """Close the links. Workers are never touched."""


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host's key that nobody has looked at yet. `found` is the transport's own record of it."""

    host: str
    known_as: str
    kind: str
    fingerprint: str
    found: object = None


class Door(Protocol):
    """What hosts want to know before they let us in."""

    questions: "Questions"

    def key_of(self, host: str) -> HostKey | None:
        """The first key on the way to the host that nobody has looked at; None when all are known. Blocks; RemoteError
        when a key is not the known one, or the host cannot be reached."""

    def trust(self, key: HostKey) -> str:
        """Write it down; returns where."""

    def knock(self, host: str) -> None:
        """Try again now, and ask again for what was refused."""


class Setup(Protocol):
    """The configuration of this console, to be looked at and changed while it runs."""

    @property
    def config(self) -> "Config":
        """The one in force."""

    @property
    def outdated(self) -> bool:
        """Its file is another one than was read."""

    def draft(self) -> "Draft":
        """Its file, to be changed. ConfigError when that cannot be read."""

    async def take_up(self, config: "Config", trial: "Trial | None" = None) -> None:
        """Go on with another one. Links of hosts that stay as they are stay open. `trial`: ways that are open."""

    def trial(self, config: "Config") -> "Trial":
        """Hosts that are not in force yet, to be looked at."""


class Trial(Protocol):
    """Hosts of a configuration that is not in force yet."""

    door: Door

    def look(self, host: str) -> "Iterator[Found]":
        """What is found there, as it is known. Blocks."""

    def close(self) -> None:
        """Away with the ways that nobody took over."""


class Actions(Protocol):
    """Things done to workers. Each blocks, yields its progress, and ends with a verdict for every worker."""

    def start(self, workers: tuple[str, ...], *, check: bool = True, trial: bool = False) -> Iterator[Step]: ...

    def ladder(self, run: RunKey) -> tuple[Rung, ...]:
        """How a stop of it would go."""

    def stop(self, runs: tuple[RunKey, ...]) -> Iterator[Step]: ...

    def kill(self, runs: tuple[RunKey, ...]) -> Iterator[Step]: ...

    def resume(self, runs: tuple[RunKey, ...]) -> Iterator[Step]: ...

    def pull(self, runs: tuple[RunKey, ...], options: PullOptions | None = None) -> Iterator[Step]: ...

    def race(self, name: str, *, check: bool = True) -> Iterator[Step]: ...

    def attach_argv(self, run: RunKey) -> list[str]: ...

    def fetch(self, run: RunKey, path: str, limit: int, told: Callable[[int], None]) -> bytes:
        """One small file of a run's folder; blocks, and tells how many bytes came. ValueError or RemoteError when there
        is none, or it is larger than the limit."""

    def examine(self, host: str) -> "Iterator[Found]":
        """Everything on a host that would fail later, as it is found."""

    def test_alerts(self, names: Sequence[str]) -> Iterator[Step]: ...

    def deploy(self, workers: Sequence[str]) -> Iterator[Step]: ...

    def empty(self, host: str, cache: Cache) -> Iterator[Step]: ...

    def foreign(self, host: str) -> "tuple[Foreign, ...]":
        """What runs there and was started without us."""

    def adopt(self, wish: "Wish") -> Iterator[Step]: ...

    def round_trip(self, host: str) -> float:
        """Seconds that the smallest command takes there and back."""
