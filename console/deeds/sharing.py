"""What a worker gets of its host beside others that run there at once: cores, and memory of the GPU.

It is written into the run's run.toml, so that a resumed run has the same. What somebody has set is left alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from remote.transport import Transport

_ASK = (
    "unset OMP_NUM_THREADS OMP_THREAD_LIMIT; nproc 2>/dev/null || getconf _NPROCESSORS_ONLN; "  # nproc believes them
    "timeout 5 nvidia-smi -L 2>/dev/null | grep -c '^GPU'"
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a host has; 0: unknown, or none."""

    cores: int = 0
    gpus: int = 0


def room(transport: Transport) -> Room:
    """Asked of the host itself."""
    words = transport.run(["sh", "-c", _ASK], timeout=30.0).stdout.split()
    numbers = [int(word) if word.isdigit() else 0 for word in words[:2]]
    return Room(*numbers)


def share(table: dict[str, Any], room: Room, workers: int, named: Collection[str] = (), gpus: float = 0.0) -> str:
    """Give a run its share among `workers`; returns that in words. `named`: keys that somebody has set on purpose;
    `gpus`: what it has queued for, alone on whole ones."""
    run = table.get("run")
    if not isinstance(run, dict):
        return ""
    said = []
    if room.cores and workers > 1 and not run.get("threads") and "run.threads" not in named:
        run["threads"] = max(1, room.cores // workers)
        said.append(f"{run['threads']} of {room.cores} cores")
    on_gpu = room.gpus and run.get("device") != "cpu"
    part = gpus or (100 // workers) / 100
    if on_gpu and part < 1 and run.get("gpu_share") == 1 and "run.gpu_share" not in named:
        run["gpu_share"] = part
        said.append(f"{run['gpu_share']:.0%} of the GPU's memory")
    return " and ".join(said)
