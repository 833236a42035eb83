"""Which source of GPU figures works on this host, and what it says. A broken driver is named, never waited for."""

from __future__ import annotations

import shutil
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from remote.probe.amd_smi import AmdSmi
from remote.probe.nvidia_smi import NvidiaSmi
from remote.probe.nvml import Nvml, Unavailable
from remote.probe.rocm_smi import RocmSmi
from remote.probe.sampler import Sampler
from remote.probe.tools import ToolFailed

EVERY = 1.0
PATIENCE = 5.0
TRY_AGAIN = 10.0  # where no source answers

# The driver itself, then its vendor's tools.
SOURCES: Tuple[Callable[[], Any], ...] = (Nvml, NvidiaSmi, AmdSmi, RocmSmi)


class Seen(NamedTuple):
    """What is sent of the GPUs."""

    source: str
    gpus: List[Dict[str, Any]]
    error: str


class Gpus:
    """Tries the sources in order and stays with the one that answers; begins anew when that one fails."""

    def __init__(self, sources: Tuple[Callable[[], Any], ...] = SOURCES) -> None:
        self._sources = sources
        self._source: Optional[Any] = None
        self._seen = Seen("none", [], "")
        self._again_at = 0.0

    def read(self) -> Seen:
        """What was seen last, or anew when it is time: tools that cost processor time are asked less often."""
        now = time.monotonic()
        if now >= self._again_at:
            self._seen = self._look()
            self._again_at = now + (self._source.every if self._source else TRY_AGAIN) - 0.01
        return self._seen

    def _look(self) -> Seen:
        errors: List[str] = []
        if self._source is not None:
            seen = self._ask(self._source, errors)
            if seen is not None:
                return seen
            self._close()
        for make in self._sources:
            source = self._open(make, errors)
            seen = None if source is None else self._ask(source, errors)
            if seen is not None:
                self._source = source
                return seen if seen.gpus else seen._replace(error="; ".join(errors))
        return Seen("none", [], "; ".join(errors))

    def _open(self, make: Callable[[], Any], errors: List[str]) -> Optional[Any]:
        name = getattr(make, "name", "")
        if name != "nvml" and shutil.which(name) is None:
            return None
        try:
            return make()
        except Unavailable as error:
            if shutil.which("nvidia-smi") is not None:  # a driver is there, and does not answer
                errors.append("nvml: %s" % error)
            return None

    @staticmethod
    def _ask(source: Any, errors: List[str]) -> Optional[Seen]:
        try:
            gpus = source.read()
            broken = ["GPU %s: %s" % (gpu["index"], gpu["error"]) for gpu in gpus if gpu.get("error")]
            return Seen(source.name, gpus, "; ".join(broken))
        except (Unavailable, ToolFailed) as error:
            errors.append("%s: %s" % (source.name, error))
        except Exception as error:  # whatever a vendor's library does, the figures go on and say so
            errors.append("%s: %s: %s" % (source.name, type(error).__name__, error))
        return None

    def _close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
        self._source = None


class GpuSampler:
    """The newest figures at any moment. The last ones stay when the driver hangs, with a word that it does."""

    def __init__(self, gpus: Gpus) -> None:
        self._sampler = Sampler("gpus", gpus.read, EVERY)

    def wait(self, seconds: float) -> None:
        self._sampler.answered.wait(seconds)

    def read(self) -> Seen:
        seen = self._sampler.latest or Seen("asked", [], "")
        waiting = self._sampler.waiting()
        if waiting < PATIENCE:
            return seen
        return seen._replace(error="the GPU driver has not answered for %d s" % waiting)
