"""nvidia-smi's CSV, for hosts without pynvml; and its XML where a GPU is split, which the CSV knows nothing of."""

from __future__ import annotations

import csv
from typing import Any, Dict, List

from remote.probe import nvidia_xml, procfs, tools
from remote.probe.gpu_row import gpu_row, slowed_by_mask
from remote.probe.values import mask, number, process_id, share, size

_CORE = ["index", "name", "memory.used", "memory.total"]
_MORE = ["uuid", "utilization.gpu", "temperature.gpu", "power.draw", "power.limit"]
_CLOCKS = ["clocks.current.sm", "clocks.current.memory", "mig.mode.current"]
_REASONS = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")  # now, and before version 535
# One unknown field fails the whole query, so an old or odd driver is asked for less.
QUERIES = [
    *(_CORE + _MORE + _CLOCKS + [reasons] for reasons in _REASONS),
    _CORE + _MORE + _CLOCKS,
    _CORE + _MORE,
    _CORE + _MORE[:3],
    _CORE,
    ["name"],
]
_PROCESSES = "gpu_uuid,pid,process_name,used_gpu_memory"


def parse_gpus(text: str) -> List[Dict[str, Any]]:
    """Rows by the names in the header, so that neither order nor units matter."""
    found = []
    for position, row in enumerate(_rows(text)):
        index = number(row.get("index"))
        if not row.get("name"):
            continue
        found.append(
            gpu_row(
                position if index is None else int(index),
                row.get("name", ""),
                uuid=row.get("uuid", ""),
                utilisation=share(row.get("utilization.gpu")),
                memory_used=size(row.get("memory.used"), "MiB"),
                memory_total=size(row.get("memory.total"), "MiB"),
                temperature=number(row.get("temperature.gpu")),
                power=number(row.get("power.draw")),
                power_limit=number(row.get("power.limit")),
                clock=number(row.get("clocks.current.sm")),
                memory_clock=number(row.get("clocks.current.memory")),
                slowed_by=slowed_by_mask(next((mask(row[name]) for name in _REASONS if name in row), None)),
            )
        )
    return found


def is_split(text: str) -> bool:
    """Whether any GPU is split into MIG instances."""
    return any(row.get("mig.mode.current") == "Enabled" for row in _rows(text))


def parse_processes(text: str) -> Dict[str, List[Dict[str, Any]]]:
    """Processes by their GPU's uuid."""
    found: Dict[str, List[Dict[str, Any]]] = {}
    for row in _rows(text):
        pid = process_id(row.get("pid"))
        if pid is not None:
            process = {"pid": pid, "memory": size(row.get("used_gpu_memory"), "MiB")}
            found.setdefault(row.get("gpu_uuid", ""), []).append(dict(process, command=row.get("process_name", "")))
    return found


def _rows(text: str) -> List[Dict[str, str]]:
    table: List[List[str]] = []
    try:
        for cells in csv.reader(text.replace("\0", "").splitlines(), skipinitialspace=True):
            table.append([cell.strip() for cell in cells])
    except csv.Error:
        pass  # the rows before the damage still count
    header = next((cells for cells in table if "name" in cells or "pid" in cells), None)
    if header is None:
        return []
    names = [cell.partition(" [")[0] for cell in header]
    return [dict(zip(names, cells)) for cells in table[table.index(header) + 1 :] if len(cells) == len(header)]


class NvidiaSmi:
    """Remembers which query this driver understands."""

    name = "nvidia-smi"
    every = 2.0

    def __init__(self) -> None:
        self._queries = list(QUERIES)

    def read(self) -> List[Dict[str, Any]]:
        text = self._ask()
        gpus = parse_gpus(text)
        if not gpus and text.strip():
            raise tools.ToolFailed(tools.first_line(text) or "")  # "No devices were found", with code 0
        if is_split(text):
            return self._split() or gpus
        if gpus and gpus[0]["uuid"]:
            self._add_processes(gpus)
        return gpus

    def _ask(self) -> str:
        while True:
            try:
                return tools.ask([self.name, "--query-gpu=" + ",".join(self._queries[0]), "--format=csv"])
            except tools.ToolFailed as error:
                if "not a valid field" not in str(error) or len(self._queries) == 1:
                    raise
                del self._queries[0]

    def _split(self) -> List[Dict[str, Any]]:
        gpus = nvidia_xml.parse_gpus(tools.ask([self.name, "-q", "-x"]))
        for gpu in gpus:
            gpu["processes"] = [procfs.describe(row) for row in gpu["processes"]]
        return gpus

    def _add_processes(self, gpus: List[Dict[str, Any]]) -> None:
        try:
            processes = parse_processes(tools.ask([self.name, "--query-compute-apps=" + _PROCESSES, "--format=csv"]))
        except tools.ToolFailed:
            return  # not every driver lists processes; the figures stand without them
        for gpu in gpus:
            gpu["processes"] = [procfs.describe(row) for row in processes.get(gpu["uuid"], [])]
