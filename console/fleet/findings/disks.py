"""Which disk a run fills, when it is full, and whether the next checkpoint still fits. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from console.fleet.cells import Advice
from console.fleet.fill import full_in
from console.fleet.model import Host, Run
from console.fleet.words import amount, duration
from remote.events import Disk

DISK_FULL = 0.01  # share of the disk that is still free
DISK_LOW = 0.05
FULL_SOON_S = 24 * 3600.0
FULL_NOW_S = 3600.0
FAR_S = 24 * 3600.0  # of checkpoints that come later nobody can say whether they fit
_EVENTS = 200
_ROOM = 1.02  # of a checkpoint's size: index, logs and metrics grow meanwhile


def disk_of(host: Host) -> Disk | None:
    """The disk that holds the host's root: the one that a run can fill."""
    if host.telemetry is None or not host.telemetry.disks:
        return None
    root = host.hello.root if host.hello else "/"
    holding = [disk for disk in host.telemetry.disks if _below(root, disk.mount)]
    return max(holding, key=lambda disk: len(disk.mount)) if holding else host.telemetry.disks[0]


def _below(path: str, mount: str) -> bool:
    return path == mount or path.startswith(mount.rstrip("/") + "/")


def disk_full_in(host: Host, disk: Disk | None) -> float | None:
    """Seconds until this disk is full, at the rate of the last hours."""
    return None if disk is None else full_in(host.fills.get(disk.mount), disk.free)


def disk_short(host: Host, disk: Disk | None) -> bool:
    """Whether somebody should make room."""
    if disk is None or disk.total <= 0:
        return False
    seconds = disk_full_in(host, disk)
    return disk.free / disk.total < DISK_LOW or (seconds is not None and seconds < FULL_SOON_S)


def disk_findings(host: Host, disk: Disk | None) -> Iterator[Advice]:
    """Full, soon full, nearly full."""
    if disk is None or disk.total <= 0:
        return
    share, seconds = disk.free / disk.total, disk_full_in(host, disk)
    proof = f"{disk.mount}: {amount(disk.free)} of {amount(disk.total)} free"
    if share < DISK_FULL or disk.inodes_free == 0:
        words = "no inodes left" if disk.inodes_free == 0 else "the disk is full"
        yield Advice(words, proof, "free space: checkpoints and logs cannot be written", "error")
    elif seconds is not None and seconds < FULL_SOON_S:
        rate = host.fills[disk.mount].rate or 0.0
        level = "error" if seconds < FULL_NOW_S else "warning"
        proof = f"{proof}, and {amount(round(rate * 3600))} more in use every hour"
        yield Advice(f"the disk is full in {duration(seconds)}", proof, "free space, or archive fewer files", level)
    elif share < DISK_LOW:
        yield Advice("the disk is nearly full", proof, "free space before the next checkpoints", "warning")


@dataclass(frozen=True, slots=True)
class Coming:
    """The checkpoint that a run writes next, as the ones before it were."""

    size: int
    epoch: int | None
    due_s: float | None  # from now


def next_checkpoint(run: Run, host: Host, now: float) -> Coming | None:
    """From the run's own events; None before its first checkpoint."""
    saved = [item for item in run.events[-_EVENTS:] if item.get("event") == "checkpoint" and _size(item)][-4:]
    if not saved:
        return None
    times = [item["t"] for item in saved if isinstance(item.get("t"), int | float)]
    epochs = [item["epoch"] for item in saved if isinstance(item.get("epoch"), int)]
    due = None
    if len(times) > 1:
        apart = sorted(later - earlier for earlier, later in pairwise(times))[(len(times) - 1) // 2]
        due = max(0.0, times[-1] + apart - (now + host.clock_offset))
    step = epochs[-1] - epochs[-2] if len(epochs) > 1 else _every(run)
    return Coming(max(map(_size, saved)), epochs[-1] + step if epochs and step > 0 else None, due)


def checkpoint_findings(run: Run, host: Host, now: float) -> Iterator[Advice]:
    """Whether what is free when it is written will hold it. It is written before an older one is removed."""
    disk, coming = disk_of(host), next_checkpoint(run, host, now)
    if disk is None or coming is None or (coming.due_s or 0.0) > FAR_S:
        return
    rate = host.fills[disk.mount].rate if disk.mount in host.fills else None
    free = disk.free - (rate or 0.0) * (coming.due_s or 0.0)
    if free >= coming.size * _ROOM:
        return
    at = "" if coming.epoch is None else f" at epoch {coming.epoch}"
    when = "" if coming.due_s is None else f", in about {duration(coming.due_s)}"
    proof = f"{disk.mount}: {amount(disk.free)} free"
    if rate and coming.due_s:
        proof += f", {amount(max(0, round(free)))} then, at {amount(round(rate * 3600))} an hour"
    yield Advice(
        f"the next checkpoint ({amount(coming.size)}{at}{when}) will not fit",
        proof,
        f"free space on {host.name}; until there is room the run waits and loses nothing",
        "error" if (coming.due_s or 0.0) < FULL_NOW_S else "warning",
    )


def _size(item: Mapping[str, Any]) -> int:
    found = item.get("bytes")
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else 0


def _every(run: Run) -> int:
    """Epochs between checkpoints, as its configuration has it."""
    table = run.config.get("checkpoint")
    found = table.get("every") if isinstance(table, Mapping) else None
    return found if isinstance(found, int) else 0
