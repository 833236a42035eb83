"""A worker that waits on its host for GPUs, for other workers, or for its turn among those of its sweep: its command is
given to `remote.slots`, which goes there with it as one file of the run's folder.
"""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remote.bundle import script
from remote.errors import RemoteError
from remote.launcher import Launch
from remote.transport import Transport

FILE = "queue.py"
_DRAWN = """n=0
while [ $n -lt 200 ] && ! grep -qs '"event": "queued"' "$1/events.jsonl" && [ ! -e "$1/exit.json" ]; do
  sleep 0.1
  n=$((n + 1))
done"""


@dataclass(frozen=True, slots=True)
class Place:
    """What a worker waits for. `after`: names of sessions, or "name=run" where the run is known."""

    gpus: float = 0.0
    after: tuple[str, ...] = ()
    any_end: bool = False
    lane: str = ""  # of those with the same one, `at_once` run at the same time
    at_once: int = 0

    def __bool__(self) -> bool:
        return bool(self.gpus or self.after or self.lane)

    @property
    def origin(self) -> dict[str, Any]:
        """As run.toml keeps it, so that a resumed run waits in the same way."""
        found: dict[str, Any] = {"gpus": self.gpus} if self.gpus else {}
        if self.after:
            found |= {"after": list(self.after), "after_end": "any" if self.any_end else "success"}
        if self.lane:
            found |= {"lane": self.lane, "at_once": self.at_once}
        return found


def place_of(origin: Mapping[str, Any]) -> Place:
    """From what run.toml says."""
    gpus, after = origin.get("gpus"), origin.get("after")
    number = float(gpus) if isinstance(gpus, int | float) and not isinstance(gpus, bool) else 0.0
    names = tuple(str(item) for item in after) if isinstance(after, Sequence) and not isinstance(after, str) else ()
    lane, most = origin.get("lane"), origin.get("at_once")
    lane = lane if isinstance(lane, str) and isinstance(most, int) and most > 0 else ""
    return Place(number, names, origin.get("after_end") == "any", lane, most if lane and isinstance(most, int) else 0)


def queued(launch: Launch, place: Place, python: str) -> Launch:
    """The launch as it is when it waits first. `python`: one on the host, 3.8 or newer."""
    if not place:
        return launch
    words = ["--gpus", f"{place.gpus:g}"] if place.gpus else []
    words += [word for item in place.after for word in ("--after", item)]
    words += ["--any-end"] if place.any_end else []
    words += ["--lane", place.lane, "--at-once", str(place.at_once)] if place.lane else []
    argv = (python or "python3", "-B", f"{{run}}/{FILE}", *words, "--", *launch.argv)
    files = {**launch.files, FILE: script("remote.slots", "remote.probe")}
    return dataclasses.replace(launch, argv=argv, files=files)


def await_place(transport: Transport, folder: str) -> None:
    """Until the run in this folder has its place in the queue: who is launched after that comes behind it. Before, a
    later one whose Python is up sooner could come first."""
    with contextlib.suppress(RemoteError):  # it was launched all the same
        transport.run(["sh", "-c", _DRAWN, "sh", folder], timeout=60.0)
