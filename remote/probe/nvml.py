"""GPU figures from the driver itself, through pynvml (the module of the package nvidia-ml-py)."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Callable, Dict, List

from remote.probe import procfs

# Answers that mean: not on this GPU, or not with this driver.
_SILENT = (
    "NOT_SUPPORTED",
    "FUNCTION_NOT_FOUND",
    "NO_PERMISSION",
    "NOT_FOUND",
    "INVALID_ARGUMENT",
    "ARGUMENT_VERSION_MISMATCH",
)


class Unavailable(Exception):
    """pynvml or the driver is not there, or does not answer."""


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


class Nvml:
    """Opens the driver once. What a driver does not know is None; what it refuses for a reason is an error."""

    name = "nvml"
    every = 1.0

    def __init__(self) -> None:
        try:
            import pynvml
        except ImportError as error:
            raise Unavailable(str(error)) from error
        self._nvml: ModuleType = pynvml
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise Unavailable(str(error)) from error

    def close(self) -> None:
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            pass  # a driver that is gone cannot be closed

    def read(self) -> List[Dict[str, Any]]:
        """Every GPU; one that is split shows its instances."""
        nvml = self._nvml
        found: List[Dict[str, Any]] = []
        try:
            for index in range(nvml.nvmlDeviceGetCount()):
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                whole = self._gpu(index, handle)
                found += self._instances(index, handle, whole) or [whole]
        except nvml.NVMLError as error:
            raise Unavailable(str(error)) from error
        return found

    def _gpu(self, index: int, handle: Any) -> Dict[str, Any]:
        nvml = self._nvml
        used = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = self._memory(handle)
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        limit = self._ask(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        return {
            "index": index,
            "name": _text(self._ask(nvml.nvmlDeviceGetName, handle)),
            "uuid": _text(self._ask(nvml.nvmlDeviceGetUUID, handle)),
            "utilisation": None if used is None else used.gpu / 100.0,
            "memory_used": None if memory is None else int(memory.used),
            "memory_total": None if memory is None else int(memory.total),
            "temperature": self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            "power": None if power is None else power / 1000.0,
            "power_limit": None if limit is None else limit / 1000.0,
            "processes": self._processes(handle),
        }

    def _instances(self, index: int, handle: Any, whole: Dict[str, Any]) -> List[Dict[str, Any]]:
        nvml = self._nvml
        mode = self._ask(nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return []
        found = []
        for slot in range(self._ask(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self._ask(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, slot)
            if part is not None:
                row = self._gpu(index, part)
                row["name"] = row["name"] or "%s MIG %d" % (whole["name"], slot)
                row["temperature"] = whole["temperature"]  # the chip has one
                found.append(row)
        return found

    def _memory(self, handle: Any) -> Any:
        """Without what the driver keeps for itself, as nvidia-smi shows it; older drivers count that as used."""
        nvml = self._nvml
        version = getattr(nvml, "nvmlMemory_v2", None)
        newer = None if version is None else self._ask(nvml.nvmlDeviceGetMemoryInfo, handle, version)
        return newer if newer is not None else self._ask(nvml.nvmlDeviceGetMemoryInfo, handle)

    def _processes(self, handle: Any) -> List[Dict[str, Any]]:
        found = {}
        for kind in ("Compute", "Graphics"):
            for process in self._list(kind, handle):
                found[int(process.pid)] = {"pid": int(process.pid), "memory": process.usedGpuMemory}
        return [procfs.describe(row) for row in found.values()]

    def _list(self, kind: str, handle: Any) -> List[Any]:
        """Processes of a kind; a driver older than pynvml answers an older form of the question."""
        for version in ("", "_v2"):
            question = getattr(self._nvml, "nvmlDeviceGet%sRunningProcesses%s" % (kind, version), None)
            answer = None if question is None else self._ask(question, handle)
            if answer is not None:
                return list(answer)
        return []

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """None when this driver, or this GPU, does not answer that question."""
        nvml = self._nvml
        try:
            return question(*arguments)
        except nvml.NVMLError as error:
            if error.value in [getattr(nvml, "NVML_ERROR_" + name, None) for name in _SILENT]:
                return None
            raise
        except getattr(nvml, "NVMLLibraryMismatchError", nvml.NVMLError):
            return None
