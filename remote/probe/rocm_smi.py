"""rocm-smi's JSON: every value is a string, and the keys' names drift between versions."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

from remote.probe import procfs, tools
from remote.probe.gpu_row import gpu_row
from remote.probe.values import number, process_id, share, size

_ARGV = ["rocm-smi", "--showuse", "--showmeminfo", "vram", "--showtemp", "--showpower", "--showmaxpower"]
_ARGV += ["--showclocks", "--showproductname", "--showuniqueid", "--showpids", "--json"]

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
_CLOCKS = ("sclk clock speed:", "sclk clock speed")
_MEMORY_CLOCKS = ("mclk clock speed:", "mclk clock speed")


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
    if len(found) == 1:  # the tool does not say on which GPU a process is
        found[0]["processes"] = parse_processes(data.get("system"))
    return sorted(found, key=lambda gpu: int(gpu["index"]))


def parse_processes(system: Any) -> List[Dict[str, Any]]:
    """ "PID4711": "python, 1, 8589934592, 0, 12": name, number of GPUs, bytes of their memory, and more."""
    found = []
    for key, value in system.items() if isinstance(system, dict) else ():
        pid = process_id(key[3:]) if key.startswith("PID") else None
        cells = [cell.strip() for cell in value.split(",")] if isinstance(value, str) else []
        if pid is not None and len(cells) >= 3:
            found.append({"pid": pid, "memory": size(cells[2], "B"), "command": cells[0]})
    return found


def _gpu(index: int, card: Mapping[str, Any]) -> Dict[str, Any]:
    return gpu_row(
        index,
        _name(card),
        uuid=_known(card.get("Unique ID")),
        utilisation=share(card.get("GPU use (%)")),
        memory_used=size(_first(card, _USED), "B"),
        memory_total=size(_first(card, _TOTAL), "B"),
        temperature=number(_first(card, _TEMPERATURES)),
        power=number(_first(card, _POWERS)),
        power_limit=number(_first(card, _LIMITS)),
        clock=number(_first(card, _CLOCKS)),
        memory_clock=number(_first(card, _MEMORY_CLOCKS)),
    )


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
        gpus = parse_gpus(tools.ask(_ARGV))
        for gpu in gpus:
            gpu["processes"] = [procfs.describe(row) for row in gpu["processes"]]
        return gpus
