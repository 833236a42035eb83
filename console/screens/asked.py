"""What was learned of a host by asking it: a check, sessions, round trips. Kept while the console runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.parallel import in_thread
from remote.errors import RemoteError

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from console.examine import Found
    from remote.adoption import Foreign

_TRIPS = 60  # that are kept


@dataclass(slots=True)
class Examined:
    """A check of a host, as far as it is."""

    began: float
    found: list["Found"] = field(default_factory=list)
    done: bool = False
    problem: str = ""


@dataclass(slots=True)
class Known:
    """What was learned of a host by asking, kept while the console runs."""

    examined: Examined | None = None
    foreign: "tuple[Foreign, ...] | None" = None
    asking: bool = False
    problem: str = ""  # why there is no list of sessions
    emptied: frozenset[str] = frozenset()  # paths of caches
    trips: list[float] = field(default_factory=list)


async def examine(app: "ConsoleApp", host: str, examined: Examined) -> None:
    """Goes on when the screen is left: what it found is there when somebody comes back."""

    def found() -> "Iterator[Found]":
        return app.actions.examine(host)

    try:
        async for item in in_thread(found):
            examined.found.append(item)
            app.changed()
    except (RemoteError, ValueError) as error:
        examined.problem = str(error)
    examined.done = True
    app.changed()


async def ask_sessions(app: "ConsoleApp", host: str, known: Known) -> None:
    """What runs there that was started without this console."""
    try:
        async for found in in_thread(lambda: iter([app.actions.foreign(host)])):
            known.foreign = found
    except RemoteError as error:
        known.problem = f"{error.what}   {error.mend}"
    known.asking = False
    app.changed()


async def measure(app: "ConsoleApp", host: str, known: Known) -> None:
    """How long a command takes there and back."""
    try:
        async for seconds in in_thread(lambda: iter([app.actions.round_trip(host)])):
            known.trips = [*known.trips, seconds][-_TRIPS:]
    except RemoteError:  # the link says the same, and why
        pass
    app.changed()
