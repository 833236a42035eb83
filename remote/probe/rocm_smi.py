"""rocm-smi's JSON: every value is a string, and the keys' names drift between versions."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

from remote.probe import tools
from remote.probe.values import number, share, size

_ARGV = ["rocm-smi", "--showuse", "--showmeminfo", "vram", "--showtemp", "--showpower", "--showmaxpower"]
_ARGV += ["--showproductname", "--showuniqueid", "--json"]

_NAMES = ("Card Series", "Card series", "Device Name", "Card Model", "Card model")
_USED = ("VRAM Total Used Memory (B)",)
_TOTAL = ("VRAM Total Memory (B)",)
_TEMPERATURES = (
    "Temperature (Sensor edge) (C)",
    "Temperature (Sensor junction) (C)",
    "Temperature (Sensor memory) (C)",
)
_POWERS = ("Average Graphics Package Power (W)", "Current Socket Graphics Package Power (W)")
_LIMITS = ("Max Graphics Package Power (W)",)


def parse_gpus(text: str) -> List[Dict[str, Any]]:
    """One for each "cardN"; what else is there ("system") is no GPU."""
    data = tools.json_in(text)
    if not isinstance(data, dict):
        return []
    found = []
    for key, card in data.items():
        match = re.match(r"^card(\d{1,4})$", key)
        if match and isinstance(card, dict):
            found.append(_gpu(int(match.group(1)), card))
    return sorted(found, key=lambda gpu: int(gpu["index"]))


def _gpu(index: int, card: Mapping[str, Any]) -> Dict[str, Any]:
    return {
        "index": index,
        "name": _name(card),
        "uuid": _known(card.get("Unique ID")),
        "utilisation": share(card.get("GPU use (%)")),
        "memory_used": size(_first(card, _USED), "B"),
        "memory_total": size(_first(card, _TOTAL), "B"),
        "temperature": number(_first(card, _TEMPERATURES)),
        "power": number(_first(card, _POWERS)),
        "power_limit": number(_first(card, _LIMITS)),
        "processes": [],
    }


def _first(card: Mapping[str, Any], keys: Sequence[str]) -> Optional[Any]:
    """The first of these that holds a number."""
    return next((card[key] for key in keys if number(card.get(key)) is not None), None)


def _name(card: Mapping[str, Any]) -> str:
    """The first that is a name and not a number of the PCI database."""
    names = [_known(card.get(key)) for key in _NAMES]
    return next((name for name in names if name and not name.lower().startswith("0x")), "") or "AMD GPU"


def _known(value: Any) -> str:
    return value.strip() if isinstance(value, str) and not value.startswith("N/A") else ""


class RocmSmi:
    name = "rocm-smi"
    every = 5.0

    def read(self) -> List[Dict[str, Any]]:
        return parse_gpus(tools.ask(_ARGV))
