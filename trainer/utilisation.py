"""How busy an NVIDIA GPU is, asked of its driver's library; None wherever that cannot be told.

By ctypes, because hosts that train need no package for it; AMD's cards and machines without a driver have no such
library. The driver's figure is the share of the last moments (up to a second) in which anything was computed.
"""

import ctypes
import functools
from collections.abc import Callable

_LIBRARY = "libnvidia-ml.so.1"
_OK = 0


class _Rates(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def busy(uuid: str) -> float | None:
    """Of the GPU with this identity, with or without "GPU-" before it: 0 to 1. Callable from any thread."""
    asked = _gauge(uuid.removeprefix("GPU-"))
    return None if asked is None else asked()


@functools.cache
def _gauge(uuid: str) -> Callable[[], float | None] | None:
    """What asks this GPU, found once."""
    try:
        library = ctypes.CDLL(_LIBRARY)
        begin, count = library.nvmlInitWithFlags, library.nvmlDeviceGetCount_v2
        handle_of, name_of = library.nvmlDeviceGetHandleByIndex_v2, library.nvmlDeviceGetUUID
        rates_of = library.nvmlDeviceGetUtilizationRates
    except (OSError, AttributeError):  # no driver here, or one of another age
        return None
    number = ctypes.c_uint()
    if begin(0) != _OK or count(ctypes.byref(number)) != _OK:
        return None
    for index in range(number.value):
        handle, name = ctypes.c_void_p(), ctypes.create_string_buffer(96)
        known = handle_of(index, ctypes.byref(handle)) == _OK and name_of(handle, name, len(name)) == _OK
        if known and name.value.decode("ascii", "replace").removeprefix("GPU-") == uuid:
            return functools.partial(_read, rates_of, handle)
    return None


def _read(rates_of: Callable[..., int], handle: ctypes.c_void_p) -> float | None:
    rates = _Rates()
    return rates.gpu / 100 if rates_of(handle, ctypes.byref(rates)) == _OK else None
