"""The values of the fleet: immutable, complete, without opinion. What they mean is decided in `state` and `view`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.fleet.beats import Beat
from console.fleet.fill import Fill
from console.fleet.lineage import Lineage, lineage_of
from console.fleet.rows import Rows
from console.fleet.series import Shared
from console.fleet.volumes import Unexpanded
from remote.events import Facts, Hello, LinkState, Process, Telemetry
from trainer.record import Status
from trainer.record.race import Winner


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its link, its last figures, and when we heard them (this laptop's clock)."""

    name: str
    link: LinkState = field(default_factory=lambda: LinkState("connecting"))
    link_since: float = 0.0
    lost: bool = False  # the link was up or could not be opened, and has not come (back) since
    heard_at: float | None = None
    hello: Hello | None = None
    telemetry: Telemetry | None = None
    facts: Facts | None = None
    volumes: tuple[Unexpanded, ...] = ()  # what follows from its facts
    fills: Mapping[str, Fill] = field(default_factory=dict)  # by mount
    skews: tuple[float, ...] = ()  # the host's clock minus ours, as the newest figures had it
    rebooted: bool = False  # it was started again while this console watched
    synced: bool = False
    price: float = 0.0  # an hour, as the configuration has it; 0: it costs nothing
    currency: str = ""

    @property
    def reachable(self) -> bool:
        return self.link.phase == "connected"

    @property
    def clock_offset(self) -> float:
        """Host's clock minus ours: what must be subtracted from times in its files."""
        if self.telemetry is None or self.heard_at is None:
            return 0.0
        return self.telemetry.time - self.heard_at

    @property
    def skew(self) -> float:
        """How far the clocks are apart. What comes late only makes a host seem slow: the largest is the truest."""
        return max(self.skews, default=0.0)


@dataclass(frozen=True, slots=True)
class Log:
    """The end of a log: whole lines, and how many bytes of the file came before and with them."""

    lines: Shared[str] = field(default_factory=Shared)
    first: int = 0  # number of the first line kept; 0 only if it is the first of all
    end: int = 0  # byte offset after the last line


@dataclass(frozen=True, slots=True)
class RunKey:
    """A run is known by its host and its folder's name."""

    host: str
    run: str

    def __str__(self) -> str:
        return f"{self.host}:{self.run}"


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was read of one run directory."""

    key: RunKey
    seen: float  # when we first heard of it
    heard_at: float  # when we last heard anything of it
    config: Mapping[str, Any] = field(default_factory=dict)  # run.toml
    status: Status | None = None
    launch: Mapping[str, Any] | None = None
    exit: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    processes: Mapping[str, Process] = field(default_factory=dict)  # by the document that named it
    rows: Rows = field(default_factory=Rows)  # effective metric rows, oldest first
    events: Shared[Mapping[str, Any]] = field(default_factory=Shared)
    log: Log = Log()
    damaged_lines: int = 0
    gone: bool = False  # the folder was removed

    @property
    def origin(self) -> Mapping[str, Any]:
        """Who started it, when, from where, with which code; as far as run.toml says."""
        origin = self.config.get("origin")
        return origin if isinstance(origin, Mapping) else {}

    @property
    def worker(self) -> str:
        if isinstance(self.origin.get("worker"), str):
            return str(self.origin["worker"])
        return (self.status.worker if self.status else "") or self.key.run

    @property
    def lineage(self) -> Lineage | None:
        """What it was made from."""
        return lineage_of(self.origin)

    @property
    def adopted(self) -> str:
        """What it is on its host, "session NAME" or "process N", when nobody started it from here."""
        origin = self.config.get("origin")
        return str(origin.get("adopted", "")) if isinstance(origin, Mapping) else ""

    @property
    def race(self) -> str:
        """The race's id, or nothing."""
        return str(self.origin.get("race", ""))


@dataclass(frozen=True, slots=True)
class Planned:
    """A worker of config.toml. It is visible from the moment it is written, started or not."""

    worker: str
    host: str
    since: float  # when this laptop first saw it in the configuration
    lineage: Lineage | None = None


@dataclass(frozen=True, slots=True)
class CodeHere:
    """The code on this laptop that a start of a worker would bring to its host, by hashes; empty: none."""

    trainer: str = ""  # its tree
    project: str = ""  # the user's own code, its tree
    code: str = ""  # the trainer, as it tells its own version


@dataclass(frozen=True, slots=True)
class Pulled:
    """A run's copy on this laptop. `complete`: the run had ended, and nothing that it came to is missing."""

    to: str
    time: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that is known. `version` grows with every change, so that a screen can tell cheaply; `news` only when
    there is something to read for everybody: not with what moves all the time, nor with lines and rows of one run."""

    hosts: Mapping[str, Host] = field(default_factory=dict)
    runs: Mapping[RunKey, Run] = field(default_factory=dict)
    planned: Mapping[str, Planned] = field(default_factory=dict)
    winners: Mapping[str, Winner] = field(default_factory=dict)  # by race id
    marks: Mapping[tuple[str, str], Winner] = field(default_factory=dict)  # by host and race id: what stands there
    pulled: Mapping[RunKey, Pulled] = field(default_factory=dict)
    watches: Mapping[tuple[str, str], Beat] = field(default_factory=dict)  # by host and configuration
    code: Mapping[str, CodeHere] = field(default_factory=dict)  # by worker, as far as somebody has looked
    version: int = 0
    news: int = 0
