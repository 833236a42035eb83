"""GPU figures from the driver itself, through pynvml (the module of the package nvidia-ml-py)."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any, Callable, Dict, List, Set, Tuple

from remote.probe import procfs
from remote.probe.gpu_row import gpu_row, slowed_by_mask

LASTING = 30.0  # between looks at what seldom changes

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
        self._begin(pynvml)
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise Unavailable(str(error)) from error

    def _begin(self, module: ModuleType) -> None:
        self._nvml = module
        self._lacks: Set[Tuple[Any, int]] = set()  # questions that this driver does not have: asked once
        old = getattr(module, "nvmlDeviceGetCurrentClocksThrottleReasons", None)
        self._reasons = old or module.nvmlDeviceGetCurrentClocksEventReasons
        self._lasting: Dict[int, Tuple[float, Dict[str, Any], List[Any]]] = {}

    def close(self) -> None:
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            pass  # a driver that is gone cannot be closed

    def read(self) -> List[Dict[str, Any]]:
        """Every GPU, and behind one that is split its instances. A lost one says so, and the others go on."""
        nvml = self._nvml
        found: List[Dict[str, Any]] = []
        errors = []
        try:
            for index in range(nvml.nvmlDeviceGetCount()):
                try:
                    found += self._gpu(index)
                except nvml.NVMLError as error:
                    errors.append(str(error))
                    lasting = self._lasting.get(index, (0.0, {"name": ""}, []))[1]
                    found.append(gpu_row(index, error=errors[-1], **lasting))
        except nvml.NVMLError as error:
            raise Unavailable(str(error)) from error
        if errors and len(errors) == len(found):
            raise Unavailable(errors[0])
        return found

    def _gpu(self, index: int) -> List[Dict[str, Any]]:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        lasting, parts = self._known(index, handle)
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        whole = gpu_row(index, **lasting, **self._use(handle))
        whole.update(
            temperature=self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
            power=None if power is None else power / 1000.0,
            clock=self._ask(nvml.nvmlDeviceGetClockInfo, handle, 1),  # of the multiprocessors
            memory_clock=self._ask(nvml.nvmlDeviceGetClockInfo, handle, 2),
            slowed_by=slowed_by_mask(self._ask(self._reasons, handle)),
        )
        return [whole, *(dict(row, **self._use(part)) for row, part in parts)]

    def _known(self, index: int, handle: Any) -> Tuple[Dict[str, Any], List[Any]]:
        """What seldom changes: name, uuid, limit, and the instances with their handles. Asked anew now and then."""
        nvml = self._nvml
        until, lasting, parts = self._lasting.get(index, (0.0, {}, []))
        if time.monotonic() < until:
            return lasting, parts
        limit = self._ask(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
        lasting = {
            "name": _text(self._ask(nvml.nvmlDeviceGetName, handle)),
            "uuid": _text(self._ask(nvml.nvmlDeviceGetUUID, handle)),
            "power_limit": None if limit is None else limit / 1000.0,
        }
        parts = self._instances(index, handle, lasting["name"])
        self._lasting[index] = (time.monotonic() + LASTING, lasting, parts)
        return lasting, parts

    def _use(self, handle: Any) -> Dict[str, Any]:
        """How much of it is used, and by whom: a GPU or an instance."""
        used = self._ask(self._nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = self._memory(handle)
        return {
            "utilisation": None if used is None else used.gpu / 100.0,
            "memory_used": None if memory is None else int(memory.used),
            "memory_total": None if memory is None else int(memory.total),
            "processes": self._processes(handle),
        }

    def _instances(self, index: int, handle: Any, name: str) -> List[Any]:
        nvml = self._nvml
        mode = self._ask(nvml.nvmlDeviceGetMigMode, handle)
        if not mode or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return []
        found = []
        for slot in range(self._ask(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self._ask(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, slot)
            if part is not None:
                own = _text(self._ask(nvml.nvmlDeviceGetName, part))
                uuid = _text(self._ask(nvml.nvmlDeviceGetUUID, part))
                found.append((gpu_row(index, own or "%s MIG %d" % (name, slot), uuid=uuid, instance=slot), part))
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
        form = (question, len(arguments))
        if form in self._lacks:
            return None
        try:
            return question(*arguments)
        except nvml.NVMLError as error:
            if error.value == getattr(nvml, "NVML_ERROR_FUNCTION_NOT_FOUND", None):
                self._lacks.add(form)
            if error.value in [getattr(nvml, "NVML_ERROR_" + name, None) for name in _SILENT]:
                return None
            raise
        except getattr(nvml, "NVMLLibraryMismatchError", nvml.NVMLError):
            return None
