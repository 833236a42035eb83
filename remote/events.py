"""What a link tells its listener: records that came from the probe, and the state of the link itself.

The probe's wire format is one JSON object a line (see docs/architecture.md); `remote.wire` turns lines into these
records. Nothing here knows what a run or a metric is: a *folder* has *documents* (replaced whole) and *streams* (only
appended to), and the processes that its documents name with `pid` and `pid_start`. Folders are named from the watched
root, `<parent>/<name>`: "runs/a-20260101-000000-0a1b", "races/r1" (see `remote.watch`).
"""

from dataclasses import dataclass
from typing import Literal

LinkPhase = Literal["connecting", "connected", "stale", "unreachable", "auth failed", "host key", "broken", "closed"]


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link itself. `detail` says why, in words for people; `mend` what to do about it."""

    phase: LinkPhase
    detail: str = ""
    mend: str = ""
    retry_in: float | None = None


@dataclass(frozen=True, slots=True)
class Hello:
    """First words of a probe."""

    version: int
    hostname: str
    boot_id: str
    boot_time: float
    clock: float  # the host's wall clock at that moment
    python: str
    cores: int
    user: str = ""
    root: str = ""  # the watched root, absolute on the host


@dataclass(frozen=True, slots=True)
class Disk:
    mount: str
    device: str
    kind: str
    total: int
    used: int
    free: int  # what an ordinary user may still write
    inodes_free: int | None = None


@dataclass(frozen=True, slots=True)
class GpuProcess:
    pid: int
    memory: int | None = None
    user: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, or a MIG instance of the GPU `index`. None: the driver does not say."""

    index: int
    name: str
    uuid: str = ""
    utilisation: float | None = None  # 0 to 1
    memory_used: int | None = None
    memory_total: int | None = None
    temperature: float | None = None
    power: float | None = None
    power_limit: float | None = None
    processes: tuple[GpuProcess, ...] = ()
    instance: int | None = None  # slot of a MIG instance; its GPU's own row comes before it
    clock: float | None = None  # MHz, of the multiprocessors
    memory_clock: float | None = None
    slowed_by: tuple[str, ...] = ()  # why the clocks are lower than they could be, in words
    error: str = ""  # this GPU does not answer: in the driver's words


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Figures of the host, once a second; also the heartbeat of the link."""

    seq: int
    time: float  # the host's wall clock
    mono: float
    cpu: float | None  # share of all cores, 0 to 1
    load: float | None
    memory_used: int | None
    memory_total: int | None
    disks: tuple[Disk, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    gpu_source: str = "none"  # nvml, nvidia-smi, amd-smi, rocm-smi; none; asked: no answer yet
    gpu_error: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block device. Sizes in bytes; the filesystem is the one mounted from it, if it is of a kind that grows."""

    name: str  # the kernel's
    path: str
    kind: str  # disk, partition, lvm, crypt, raid, multipath, mapped, loop
    size: int
    start: int | None = None  # of a partition, on its disk
    number: int | None = None
    below: tuple[str, ...] = ()  # names of the devices it lies on
    table: str = ""  # gpt, dos; "" when nobody knows
    mount: str = ""
    filesystem: str = ""
    filesystem_size: int | None = None  # as statvfs tells it: without what the filesystem keeps for itself
    inodes: int | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache of the user that can be emptied."""

    name: str
    path: str
    bytes: int
    whole: bool  # False: there is more, it was not counted to the end
    empty: str  # the command


@dataclass(frozen=True, slots=True)
class Facts:
    """What seldom changes; comes at the start and then rarely. `whole`: caches are measured too, some seconds later."""

    blocks: tuple[Block, ...] = ()
    caches: tuple[Cache, ...] = ()
    sees_others: bool = True  # processes of other users are visible
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """A watched file that is replaced whole. `text` is None when it is gone; `problem` says why it is not read."""

    folder: str
    name: str
    text: str | None
    mtime: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of an append-only file: whole lines from `start` to `start + len(data)` of the file `inode`.

    A line longer than a megabyte comes in pieces. `reset`: the file was truncated or replaced; what was delivered
    before belongs to another file, and this chunk starts at 0 (it may be empty).
    """

    folder: str
    name: str
    inode: int
    start: int
    data: bytes
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """A process that a document named. `alive` compares pid, start time and boot, so that a reused pid is not it."""

    folder: str
    document: str
    pid: int
    alive: bool
    memory: int | None = None  # resident bytes of the process and its children
    cpu_s: float | None = None
    buffered: str = ""  # a Python below it whose output goes into a file and is kept back until there is more of it


@dataclass(frozen=True, slots=True)
class FolderGone:
    """A watched folder was removed."""

    folder: str


@dataclass(frozen=True, slots=True)
class Synced:
    """Everything that was there when the probe started has been sent: the picture is complete."""


Event = LinkState | Hello | Telemetry | Facts | Document | Chunk | Process | FolderGone | Synced
