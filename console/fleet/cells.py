"""The values that the views show: states, advice, rows. `state`, `advice` and `view` compute them."""

from dataclasses import dataclass

from console.fleet.lineage import Lineage
from console.fleet.model import RunKey
from console.fleet.volumes import Unexpanded
from remote.events import Cache, GpuProcess
from trainer.record import status
from trainer.record.status import Checkpoint, Criterion, Progress

# What a run says of itself, and around it what only its watcher can conclude.
STATES = ("planned", "queued", *status.STATES, "killed", "out of memory", "vanished")
REBOOTED = "the host rebooted"  # the detail of a state that a reboot explains
LIVE = frozenset({"queued", "starting", "preparing", "training", "validating", "stopping"})


@dataclass(frozen=True, slots=True)
class State:
    """A worker's state with the evidence for it. The overlays do not replace it: they say how far to trust it."""

    name: str
    evidence: str  # one sentence: from what this was concluded
    detail: str = ""  # the first traceback line, the signal, the reason of the end
    age: float | None = None  # seconds since the newest evidence
    unreachable_for: float | None = None  # overlay: the link is down, this is the last known state
    stalled_for: float | None = None  # overlay: alive, but no progress

    @property
    def live(self) -> bool:
        return self.name in LIVE


@dataclass(frozen=True, slots=True)
class Advice:
    """What a person should know and can do: what, proof, mend."""

    what: str
    proof: str
    mend: str
    level: str = "warning"  # note, warning, error
    action: str = ""  # the screen's command that mends it, or shows more, where one key can


@dataclass(frozen=True, slots=True)
class Trend:
    """A metric's value now, its best, and where it is going: -1, 0, +1 over the last few rows."""

    value: float
    best: float | None = None
    best_epoch: int | None = None
    direction: int = 0


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One line of the workers table: a worker's newest run, or the plan of one."""

    worker: str
    host: str
    key: RunKey | None  # None: planned, never started
    state: State
    race: str = ""
    adopted: str = ""  # it was started elsewhere, and is only looked at
    lineage: Lineage | None = None  # the clone, sweep or study that it belongs to
    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    progress: Progress | None = None
    metrics: tuple[tuple[str, Trend], ...] = ()
    criteria: tuple[Criterion, ...] = ()
    validated_epoch: int | None = None  # the epoch that the newest validation's figures belong to
    checked_epoch: int | None = None  # the newest decision of the stopping rules
    next_check_epoch: int | None = None
    patience: int | None = None  # checks without a better value that end the run
    patience_left: int | None = None
    step_time_s: float | None = None
    samples_per_s: float | None = None
    data_wait: float | None = None
    eta_s: float | None = None
    heartbeat_age: float | None = None
    elapsed_s: float | None = None
    checkpoint: Checkpoint | None = None
    notes: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    pulled: str = ""  # folder of this laptop that holds all that it came to, verified
    advice: tuple[Advice, ...] = ()
    host_advice: tuple[Advice, ...] = ()  # what its host has that will not wait


@dataclass(frozen=True, slots=True)
class HostRow:
    """One line of the hosts table."""

    name: str
    phase: str  # the link's phase
    detail: str
    unheard_for: float | None  # seconds since we last heard of it, when that is too long
    cpu: float | None = None
    load: float | None = None
    cores: int | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    disk_mount: str = ""
    disk_used: int | None = None
    disk_total: int | None = None
    disk_full_in_s: float | None = None  # at the rate of the last hours
    disks: tuple["DiskCell", ...] = ()
    boot_time: float | None = None
    clock_skew_s: float | None = None  # the host's clock minus ours
    caches: tuple[Cache, ...] = ()
    unexpanded: tuple[Unexpanded, ...] = ()
    gpus: tuple["GpuCell", ...] = ()
    gpu_error: str = ""
    cost: "Cost | None" = None  # of hosts that have a price
    advice: tuple[Advice, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a host costs, in its currency. None: nobody can say."""

    price: float  # an hour
    currency: str = ""
    since: float | None = None  # it was started, by this laptop's clock
    spent: float | None = None  # since then
    idle_s: float | None = None  # no worker has run on it for so long; None: something works there
    burnt: float | None = None  # meanwhile


@dataclass(frozen=True, slots=True)
class DiskCell:
    """One mounted disk of a host."""

    mount: str
    used: int
    free: int
    total: int
    inodes_free: int | None
    fill_rate: float | None  # bytes per second
    full_in_s: float | None


@dataclass(frozen=True, slots=True)
class GpuCell:
    """One GPU of a host, or a MIG instance of it."""

    index: int
    name: str
    utilisation: float | None
    memory_used: int | None
    memory_total: int | None
    temperature: float | None
    power: float | None
    instance: int | None = None
    power_limit: float | None = None
    clock: float | None = None  # MHz
    memory_clock: float | None = None
    slowed_by: tuple[str, ...] = ()
    error: str = ""
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """One rival of a race."""

    row: WorkerRow
    passed: int  # criteria passed at the latest check
    total: int
    won: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """A budget rule of a race has ended a rival: which, why, and who acted on it."""

    key: RunKey
    worker: str
    rule: str
    proof: str
    attempt: int = 1
    by: str = ""  # user@machine
    time: float | None = None  # by the host's clock
    gone: bool | None = None  # its processes are verified gone; None: nobody has said so yet


@dataclass(frozen=True, slots=True)
class RaceView:
    """A race as it stands: rivals from best to worst."""

    name: str
    id: str  # the running or last instance, "" when never started
    standings: tuple[Standing, ...]
    winner: str = ""  # the winning worker
    over: bool = False
    picture: str = ""  # path of the winner's four-panel picture on its host
    rulings: tuple[Ruling, ...] = ()  # what its budget rules have done, oldest first
