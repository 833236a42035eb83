"""amd-smi's JSON: a list up to ROCm 6, {"gpu_data": […]} from 7 on; values are {"value": …, "unit": …} or "N/A"."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from remote.probe import procfs, tools
from remote.probe.gpu_row import gpu_row
from remote.probe.values import number, process_id, share, size


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


def parse_gpus(metric: str, static: str = "", process: str = "") -> List[Dict[str, Any]]:
    """`amd-smi metric --json`, `amd-smi static --json` for names and limits, `amd-smi process --json` for who."""
    facts, users = entries(static), entries(process)
    found = []
    for index, row in sorted(entries(metric).items()):
        gpu = _gpu(index, row, facts.get(index, {}))
        gpu["processes"] = _processes(users.get(index, {}))
        found.append(gpu)
    return found


def _processes(row: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """{"process_list": [{"process_info": {…}}]}; without any, process_info is a sentence."""
    listed = row.get("process_list")
    found = []
    for item in listed if isinstance(listed, list) else []:
        info = _at(item, "process_info")
        pid = process_id(_at(info, "pid"))
        if pid is not None:
            memory = size(_at(info, "memory_usage", "vram_mem"), "B")
            name = _at(info, "name")
            found.append({"pid": pid, "memory": memory, "command": name if isinstance(name, str) else ""})
    return found


def _gpu(index: int, row: Mapping[str, Any], fact: Mapping[str, Any]) -> Dict[str, Any]:
    name = _at(fact, "asic", "market_name")
    uuid = _at(fact, "asic", "asic_serial")
    temperatures = [number(_at(row, "temperature", key)) for key in ("edge", "hotspot", "mem")]
    powers = [
        number(_at(row, "power", key)) for key in ("socket_power", "average_socket_power", "current_socket_power")
    ]
    limits = [number(_at(fact, "limit", key)) for key in ("socket_power", "max_power")]
    clocks = [number(_at(row, "clock", key, "clk")) for key in ("gfx_0", "gfx")]
    memory_clocks = [number(_at(row, "clock", key, "clk")) for key in ("mem_0", "mem")]
    return gpu_row(
        index,
        name if isinstance(name, str) and name != "N/A" else "AMD GPU",
        uuid=uuid if isinstance(uuid, str) and uuid != "N/A" else "",
        utilisation=share(_at(row, "usage", "gfx_activity")),
        memory_used=size(_at(row, "mem_usage", "used_vram"), "MB"),
        memory_total=size(_at(row, "mem_usage", "total_vram"), "MB"),
        temperature=_first(temperatures),
        power=_first(powers),
        power_limit=_first(limits),
        clock=_first(clocks),
        memory_clock=_first(memory_clocks),
        slowed_by=_slowed_by(row),
    )


def _slowed_by(row: Mapping[str, Any]) -> List[str]:
    """What says of itself that it throttles: {"throttle_status": "THROTTLED"}, {"hbm_thermal_…_status": "ACTIVE"}."""
    throttle = row.get("throttle")
    table = {**row, **throttle} if isinstance(throttle, dict) else row
    power = _at(row, "power", "throttle_status")
    found = ["power or heat"] if power in ("THROTTLED", "ACTIVE") else []
    for key, value in table.items():
        if key.endswith("_violation_status") and value == "ACTIVE":
            found.append("heat" if "thermal" in key or "prochot" in key else "power limit")
    return sorted(set(found))


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
        metric = [self.name, "metric", "--usage", "--power", "--clock", "--temperature", "--mem-usage", "--json"]
        gpus = parse_gpus(tools.ask(metric), self._static, self._ask_processes())
        for gpu in gpus:
            gpu["processes"] = [procfs.describe(row) for row in gpu["processes"]]
        return gpus

    def _ask_processes(self) -> str:
        try:
            return tools.ask([self.name, "process", "--json"])
        except tools.ToolFailed:
            return ""  # the figures stand without them

    def _ask_static(self) -> str:
        try:
            return tools.ask([self.name, "static", "--asic", "--limit", "--json"], patience=20.0)
        except tools.ToolFailed:
            return ""  # the figures stand without names
