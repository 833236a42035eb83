"""Whose processes hold the GPUs: a worker of ours, something else of this user, or a stranger's. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.fleet.model import Fleet, Host, RunKey
from remote.events import GpuProcess

Holders = Mapping[tuple[str, int], str]  # host, pid → worker


@dataclass(frozen=True, slots=True)
class Holder:
    """One process on a GPU, and whose it is: the worker's name, or whether it is at least this user's."""

    process: GpuProcess
    worker: str = ""
    own: bool = False


def holders(fleet: Fleet) -> Holders:
    """The processes that runs have named."""
    return {
        (run.key.host, process.pid): run.worker
        for run in fleet.runs.values()
        if not run.gone
        for process in run.processes.values()
        if process.alive
    }


def holder(host: Host, process: GpuProcess, known: Holders) -> Holder:
    """Whose it is."""
    worker = known.get((host.name, process.pid), "")
    user = host.hello.user if host.hello else ""
    return Holder(process, worker, bool(worker or (user and process.user == user)))


def strangers(host: Host, known: Holders) -> int:
    """How many processes of others hold memory of its GPUs."""
    gpus = host.telemetry.gpus if host.telemetry else ()
    found = {item.pid: item for gpu in gpus for item in gpu.processes}
    return sum(not holder(host, item, known).own for item in found.values())


def gpus_of(fleet: Fleet) -> dict[RunKey, tuple[int, ...]]:
    """Run → indices of the GPUs that its processes are on."""
    on: dict[tuple[str, int], list[int]] = {}
    for host in fleet.hosts.values():
        for gpu in host.telemetry.gpus if host.telemetry else ():
            for process in gpu.processes:
                on.setdefault((host.name, process.pid), []).append(gpu.index)
    if not on:
        return {}
    found: dict[RunKey, tuple[int, ...]] = {}
    for run in fleet.runs.values():
        indices = {
            index for item in run.processes.values() if item.alive for index in on.get((run.key.host, item.pid), ())
        }
        if indices:
            found[run.key] = tuple(sorted(indices))
    return found
