"""A GPU as it is sent, whatever source it comes from; and what slows it down, in words."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

# Bits of NVIDIA's mask of reasons why the clocks are lower than they could be, and the words of its tools for them.
# Being idle, and a clock that somebody has set, slow nothing down.
_REASONS = (
    (0x4, "sw_power_cap", "power limit"),
    (0x8, "hw_slowdown", "hardware slowdown"),
    (0x20, "sw_thermal_slowdown", "heat"),
    (0x40, "hw_thermal_slowdown", "heat (hardware)"),
    (0x80, "hw_power_brake_slowdown", "power brake"),
)


def gpu_row(index: int, name: str, **known: Any) -> Dict[str, Any]:
    """All keys; what the source does not know is None. `instance`: the slot of a MIG instance of that GPU."""
    row: Dict[str, Any] = {
        "index": index,
        "name": name,
        "uuid": "",
        "instance": None,
        "utilisation": None,
        "memory_used": None,
        "memory_total": None,
        "temperature": None,
        "power": None,
        "power_limit": None,
        "clock": None,
        "memory_clock": None,
        "slowed_by": [],
        "error": "",
        "processes": [],
    }
    row.update(known)
    return row


def slowed_by_mask(mask: Optional[int]) -> List[str]:
    """Words for the bits that are set."""
    return [words for bit, _name, words in _REASONS if mask and mask & bit]


def slowed_by_names(active: List[str]) -> List[str]:
    """Words for reasons by the names that nvidia-smi gives them."""
    return [words for _bit, name, words in _REASONS if any(item.endswith("_" + name) for item in active)]
