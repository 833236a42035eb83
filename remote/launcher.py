"""Starting and ending work on a host: the values that launchers share. `tmux` is the launcher of this machine's size;
`slurm` follows. A launcher knows folders, sessions and processes, and nothing of what runs in them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: a command in a folder of its own, `<root>/runs/<run>`."""

    root: str  # may start with ~
    run: str
    session: str  # one live session of this name on the host
    argv: tuple[str, ...]  # may use "{run}": the run's folder on the host
    cwd: str = ""  # "" is the run's folder
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)  # written before the start, never over an existing file
    resume: bool = False  # the folder is there already: another attempt


@dataclass(frozen=True, slots=True)
class Started:
    """What became of it. `already`: a session of that name was running, nothing was done; `run` is that one's."""

    run: str
    session: str
    attempt: int = 1
    already: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A live session."""

    name: str
    run: str
    pid: int | None
    since: float | None


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder: "stop" creates the stop file, the others send the signal; then wait up to `grace`."""

    what: str  # "stop", "INT", "TERM", "KILL"
    grace: float


GRACE_S = 60.0  # for the checkpoint


def ladder(grace: float = GRACE_S) -> tuple[Rung, ...]:
    """From asking to SIGKILL. `grace`: how long it may take to save a checkpoint when it is asked."""
    return (Rung("stop", grace), Rung("INT", 20.0), Rung("TERM", 10.0), Rung("KILL", 5.0))


LADDER = ladder()
KILL = (Rung("KILL", 5.0),)


@dataclass(frozen=True, slots=True)
class StopStep:
    """How the stopping goes; the last one says `gone` or names the processes that are still there."""

    rung: str
    next_in: float | None = None  # countdown to the next rung
    gone: bool = False
    left: tuple[int, ...] = ()
    detail: str = ""


class Launcher(Protocol):
    """Starts, ends and lists sessions on one host. Blocking."""

    def start(self, launch: Launch) -> Started:
        """Idempotent: twice at once starts once. CommandFailed or HostLacks when it cannot."""

    def stop(self, root: str, run: str, session: str, ladder: tuple[Rung, ...] = LADDER) -> Iterator[StopStep]:
        """Climb the ladder, about twice a second a step, until the processes are verified gone."""

    def sessions(self) -> tuple[Session, ...]:
        """Live sessions."""

    def attach_argv(self, session: str) -> list[str]:
        """Command on this laptop that shows the session."""
