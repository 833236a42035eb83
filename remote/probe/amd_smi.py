"""amd-smi's JSON: a list up to ROCm 6, {"gpu_data": […]} from 7 on; values are {"value": …, "unit": …} or "N/A"."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from remote.probe import tools
from remote.probe.values import number, share, size


def entries(text: str) -> Dict[int, Mapping[str, Any]]:
    """The GPUs' tables by index, whatever stands around them."""
    data = tools.json_in(text)
    rows = data.get("gpu_data") if isinstance(data, dict) else data
    found: Dict[int, Mapping[str, Any]] = {}
    for row in rows if isinstance(rows, list) else []:
        index = number(row.get("gpu")) if isinstance(row, dict) else None
        if index is not None and index >= 0:
            found[int(index)] = row
    return found


def parse_gpus(metric: str, static: str = "") -> List[Dict[str, Any]]:
    """`amd-smi metric --json`, and `amd-smi static --json` for names and limits."""
    facts = entries(static)
    return [_gpu(index, row, facts.get(index, {})) for index, row in sorted(entries(metric).items())]


def _gpu(index: int, row: Mapping[str, Any], fact: Mapping[str, Any]) -> Dict[str, Any]:
    name = _at(fact, "asic", "market_name")
    uuid = _at(fact, "asic", "asic_serial")
    temperatures = [number(_at(row, "temperature", key)) for key in ("edge", "hotspot", "mem")]
    powers = [
        number(_at(row, "power", key)) for key in ("socket_power", "average_socket_power", "current_socket_power")
    ]
    limits = [number(_at(fact, "limit", key)) for key in ("socket_power", "max_power")]
    return {
        "index": index,
        "name": name if isinstance(name, str) and name != "N/A" else "AMD GPU",
        "uuid": uuid if isinstance(uuid, str) and uuid != "N/A" else "",
        "utilisation": share(_at(row, "usage", "gfx_activity")),
        "memory_used": size(_at(row, "mem_usage", "used_vram"), "MB"),
        "memory_total": size(_at(row, "mem_usage", "total_vram"), "MB"),
        "temperature": _first(temperatures),
        "power": _first(powers),
        "power_limit": _first(limits),
        "processes": [],
    }


def _at(row: Any, *keys: str) -> Any:
    for key in keys:
        row = row.get(key) if isinstance(row, dict) else None
    return row


def _first(values: List[Optional[float]]) -> Optional[float]:
    return next((value for value in values if value is not None), None)


class AmdSmi:
    """Asks for the names once."""

    name = "amd-smi"
    every = 5.0

    def __init__(self) -> None:
        self._static: Optional[str] = None

    def read(self) -> List[Dict[str, Any]]:
        if self._static is None:
            self._static = self._ask_static()
        metric = [self.name, "metric", "--usage", "--power", "--temperature", "--mem-usage", "--json"]
        return parse_gpus(tools.ask(metric), self._static)

    def _ask_static(self) -> str:
        try:
            return tools.ask([self.name, "static", "--asic", "--limit", "--json"], patience=20.0)
        except tools.ToolFailed:
            return ""  # the figures stand without names
