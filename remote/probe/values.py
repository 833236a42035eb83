"""Cells and fields of GPU tools to numbers. None for everything that is not one: "[N/A]", "N/A (Secondary die)", …"""

from __future__ import annotations

import re
from typing import Any, Optional

_NUMBER = re.compile(r"^\s*\(?([-+]?\d+(?:\.\d+)?)\s*([A-Za-z%°]*)\)?\s*$")
_SIZES = {"b": 1, "kb": 1000, "kib": 2**10, "mb": 2**20, "mib": 2**20, "gb": 2**30, "gib": 2**30}


def number(value: Any) -> Optional[float]:
    """A number, alone, with its unit behind it ("39.32 W", "(300Mhz)"), or as {"value": 39, "unit": "W"}."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e18 else None
    found = _NUMBER.match(value) if isinstance(value, str) and len(value) < 64 else None
    return float(found.group(1)) if found and len(found.group(1)) < 20 else None


def size(value: Any, unit: str) -> Optional[int]:
    """Bytes. `unit` holds where none is written; drivers' MB are 2**20."""
    amount = number(value)
    if amount is None or amount < 0:
        return None
    if isinstance(value, dict):
        unit = str(value.get("unit") or unit)
    elif isinstance(value, str):
        found = _NUMBER.match(value)
        unit = (found.group(2) if found else "") or unit
    return int(amount * _SIZES.get(unit.lower(), 1))


def share(value: Any) -> Optional[float]:
    """A percentage as 0 to 1."""
    amount = number(value)
    return amount / 100.0 if amount is not None and 0 <= amount <= 100 else None


def process_id(value: Any) -> Optional[int]:
    """A pid that there can be."""
    amount = number(value)
    return int(amount) if amount is not None and 0 < amount < 2**31 else None


def mask(value: Any) -> Optional[int]:
    """Bits, as tools write them: 0x0000000000000044."""
    if not isinstance(value, str) or not re.match(r"^0x[0-9A-Fa-f]{1,16}$", value):
        return None
    return int(value, 16)
