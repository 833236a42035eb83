"""nvidia-smi's CSV, for hosts without pynvml."""

from __future__ import annotations

import csv
from typing import Any, Dict, List

from remote.probe import procfs, tools
from remote.probe.values import number, share, size

_CORE = ["index", "name", "memory.used", "memory.total"]
_MORE = ["uuid", "utilization.gpu", "temperature.gpu", "power.draw", "power.limit"]
# One unknown field fails the whole query, so an old or odd driver is asked for less.
QUERIES = [_CORE + _MORE, _CORE + _MORE[:3], _CORE, ["name"]]
_PROCESSES = "gpu_uuid,pid,process_name,used_gpu_memory"


def parse_gpus(text: str) -> List[Dict[str, Any]]:
    """Rows by the names in the header, so that neither order nor units matter."""
    found = []
    for position, row in enumerate(_rows(text)):
        index = number(row.get("index"))
        found.append(
            {
                "index": position if index is None else int(index),
                "name": row.get("name", ""),
                "uuid": row.get("uuid", ""),
                "utilisation": share(row.get("utilization.gpu")),
                "memory_used": size(row.get("memory.used"), "MiB"),
                "memory_total": size(row.get("memory.total"), "MiB"),
                "temperature": number(row.get("temperature.gpu")),
                "power": number(row.get("power.draw")),
                "power_limit": number(row.get("power.limit")),
                "processes": [],
            }
        )
    return found


def parse_processes(text: str) -> Dict[str, List[Dict[str, Any]]]:
    """Processes by their GPU's uuid."""
    found: Dict[str, List[Dict[str, Any]]] = {}
    for row in _rows(text):
        pid = number(row.get("pid"))
        if pid is not None:
            process = {"pid": int(pid), "memory": size(row.get("used_gpu_memory"), "MiB")}
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
        gpus = parse_gpus(self._ask())
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

    def _add_processes(self, gpus: List[Dict[str, Any]]) -> None:
        try:
            processes = parse_processes(tools.ask([self.name, "--query-compute-apps=" + _PROCESSES, "--format=csv"]))
        except tools.ToolFailed:
            return  # not every driver lists processes; the figures stand without them
        for gpu in gpus:
            gpu["processes"] = [procfs.describe(row) for row in processes.get(gpu["uuid"], [])]
