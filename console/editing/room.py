"""What is free on a host, for whoever chooses where a worker is to run. Pure: from the newest telemetry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console import format as fmt
from console.fleet.model import Host
from console.plain import plain
from remote.events import Gpu

ANY = "any"
_IDLE = 0.15  # share of a GPU's memory or time that a desktop takes


@dataclass(frozen=True, slots=True)
class Room:
    """One GPU: how much is free, and who holds the rest."""

    index: int
    name: str
    free: int | None
    total: int | None
    strangers: tuple[str, ...]  # of other users: bob: python 12G
    idle: bool

    @property
    def words(self) -> str:
        held = f", held by {', '.join(self.strangers)}" if self.strangers else ""
        free = f"{fmt.size(self.free)} of {fmt.size(self.total)} free" if self.free is not None else "memory unknown"
        return f"{plain(self.name)}, {free}{held}"


def rooms(host: Host | None) -> tuple[Room, ...]:
    """The host's GPUs, the freest first; instances of a divided one are not offered."""
    if host is None or host.telemetry is None:
        return ()
    user = host.hello.user if host.hello else ""
    whole = [gpu for gpu in host.telemetry.gpus if gpu.instance is None and not gpu.error]
    found = [_room(gpu, user) for gpu in whole]
    return tuple(sorted(found, key=lambda room: (not room.idle, bool(room.strangers), -(room.free or 0), room.index)))


def choices(found: Sequence[Room]) -> tuple[str, ...]:
    """What one may choose: any, one GPU after the other, then the freest two, three …"""
    several = [
        ",".join(str(n) for n in sorted(room.index for room in found[:many])) for many in range(2, len(found) + 1)
    ]
    return (ANY, *(str(room.index) for room in found), *several)


def first_choice(found: Sequence[Room]) -> str:
    """The freest, where there is a choice."""
    return str(found[0].index) if len(found) > 1 else ANY


def best_host(hosts: Mapping[str, Host], wanted: str) -> str:
    """Where to begin: the wanted one while it is reachable, else the one with the freest GPU."""
    if wanted in hosts and (hosts[wanted].reachable or len(hosts) == 1):
        return wanted
    reachable = [name for name, host in hosts.items() if host.reachable] or list(hosts)
    return max(
        reachable, key=lambda name: max([room.free or 0 for room in rooms(hosts[name])], default=-1), default=wanted
    )


def host_words(host: Host | None) -> str:
    """A host in few words."""
    if host is None:
        return "not known yet"
    if not host.reachable:
        return host.link.phase
    found = rooms(host)
    figures = host.telemetry
    if found:
        idle = sum(room.idle for room in found)
        return f"{idle} of {fmt.plural(len(found), 'GPU')} idle; freest: GPU {found[0].index}, {found[0].words}"
    if figures is None:
        return "no figures yet"
    if figures.gpu_source == "asked":
        return "its GPUs have not answered yet"
    cores = f"{host.hello.cores} cores, " if host.hello else ""
    memory = fmt.size_of(figures.memory_used, figures.memory_total)
    return f"no GPU; {cores}cpu {fmt.percent(figures.cpu)}, memory {memory}"


def gpu_problem(text: str, found: Sequence[Room]) -> str:
    """What is wrong with a choice of GPUs that was typed; nothing when it is right."""
    if text == ANY:
        return ""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        return f"{text}: write any, or numbers of GPUs, as in 0,2"
    numbers = [int(part) for part in parts]
    if len(set(numbers)) < len(numbers):
        return f"{text}: names a GPU twice"
    known = {room.index for room in found}
    missing = [str(number) for number in numbers if number not in known]
    return f"the host shows no GPU {', '.join(missing)}" if known and missing else ""


def gpu_env(text: str, source: str) -> dict[str, str]:
    """The environment that keeps a worker on these GPUs, numbered as its driver's own tools number them."""
    if text == ANY:
        return {}
    numbers = ",".join(part.strip() for part in text.split(","))
    if source in ("amd-smi", "rocm-smi"):
        return {"HIP_VISIBLE_DEVICES": numbers}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": numbers}


def _room(gpu: Gpu, user: str) -> Room:
    free = None
    if gpu.memory_total is not None and gpu.memory_used is not None:
        free = max(0, gpu.memory_total - gpu.memory_used)
    others = tuple(
        f"{plain(item.user)}: {plain(item.command.split('/')[-1]) or item.pid} {fmt.size(item.memory)}"
        for item in gpu.processes
        if item.user and item.user != user
    )
    used = gpu.memory_used or 0
    idle = used <= _IDLE * (gpu.memory_total or used or 1) and (gpu.utilisation or 0) <= _IDLE
    return Room(gpu.index, gpu.name, free, gpu.memory_total, others, idle)
