"""May this one go, with which GPUs, or what is it that it waits for? Pure."""

from __future__ import annotations

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

PARTS = 12  # of each GPU: halves, thirds, quarters and sixths are whole numbers of it
_IDLE_SHARE = 0.05  # of its memory, or a gigabyte: what a GPU may hold while nobody uses it
_IDLE_BYTES = 1 << 30


class Gpu(NamedTuple):
    """One GPU, or one instance of a GPU that is split."""

    id: str  # what its locks are named after
    name: str  # for people
    visible: str  # for the variable that shows a process its GPUs
    held: int = 0  # parts that workers of this queue hold
    stranger: str = ""  # who else is using it


class Turn(NamedTuple):
    """`gpus`: go, with these (and so many parts of each). None: wait, for what `why` says."""

    gpus: Optional[Tuple[Gpu, ...]]
    parts: int = PARTS
    why: str = ""


def parts_of(wanted: float) -> int:
    """How many parts of one GPU a share is, rounded up."""
    return PARTS if wanted >= 1 else max(1, math.ceil(wanted * PARTS - 1e-9))


def number_of(wanted: float) -> int:
    """How many GPUs it touches."""
    return max(1, round(wanted))


def decide(gpus: Sequence[Gpu], wanted: float, ahead: int) -> Turn:
    """The first in the queue takes what is free; a share goes where others share already, so that whole ones stay."""
    parts, number = parts_of(wanted), number_of(wanted)
    able = [gpu for gpu in gpus if not gpu.stranger and PARTS - gpu.held >= parts]
    if ahead:
        return Turn(None, parts, "%s ahead of it" % ahead)
    if len(able) < number:
        return Turn(None, parts, "; ".join([free_words(gpus, able, wanted), *strangers(gpus)]))
    chosen = sorted(able, key=lambda gpu: -gpu.held)[:number]
    return Turn(tuple(sorted(chosen, key=gpus.index)), parts)


def free_words(gpus: Sequence[Gpu], able: Sequence[Gpu], wanted: float) -> str:
    """How many are free."""
    what = "GPUs" if wanted >= 1 else "GPUs with so much left"
    return "%d of %d %s free" % (len(able), len(gpus), what)


def strangers(gpus: Sequence[Gpu]) -> List[str]:
    """Who uses GPUs without having queued for them."""
    return ["GPU %s: %s" % (gpu.name, gpu.stranger) for gpu in gpus if gpu.stranger]


def wanted_words(wanted: float) -> str:
    """ "2 GPUs", "1 GPU", "0.25 of a GPU"."""
    if wanted < 1:
        return "%g of a GPU" % wanted
    return "%d GPU%s" % (number_of(wanted), "" if number_of(wanted) == 1 else "s")


def usable(rows: Sequence[Dict[str, Any]], allowed: Optional[str]) -> List[Dict[str, Any]]:
    """Rows of the GPUs that may be given away. `allowed`: what the variable says already, if it says anything.

    Of a GPU that is split its instances count, not the GPU; one that does not answer is nobody's.
    """
    split = {row["index"] for row in rows if row.get("instance") is not None}
    whole = [row for row in rows if row.get("instance") is not None or row["index"] not in split]
    names = None if allowed is None else [word.strip() for word in allowed.split(",") if word.strip()]
    named = [row for row in whole if names is None or {str(row["index"]), row.get("uuid") or "-"} & set(names)]
    return [row for row in named if not row.get("error")]


def visible_name(row: Dict[str, Any], source: str) -> str:
    """What the vendor's variable calls it: NVIDIA's knows names that never change, AMD's only numbers."""
    return row["uuid"] if source in ("nvml", "nvidia-smi") and row.get("uuid") else str(row["index"])


def stranger_of(row: Dict[str, Any], held: int, others: Sequence[Dict[str, Any]], *, named: bool) -> str:
    """Who uses it without having queued, or nothing. `others`: its processes that are none of ours.

    Where the driver names none that can be seen from here (`named` is False; containers), memory tells: more than ours
    may hold, and more than a trifle.
    """
    if others:
        return "process %s of %s is on it" % (others[0].get("pid"), others[0].get("user") or "somebody")
    used, total = row.get("memory_used"), row.get("memory_total")
    if used and total and not named:
        mine = total * held / PARTS
        if used - mine > max(_IDLE_BYTES, total * _IDLE_SHARE):
            return "%.1f GB of its memory is in use" % (used / 1e9)
    return ""
