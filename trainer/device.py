"""The device of a run: which one, its memory, its numbers, and the state of every random generator on it."""

import contextlib
import importlib.util
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from trainer import process, utilisation
from trainer.config import Run
from trainer.order import seed_everything
from trainer.record.status import Device
from trainer.schema import ConfigError, Problem


def choose(name: str, local: int = 0, processes: int = 1) -> torch.device:
    """The device that `[run] device` means, or ConfigError with what there is. Several processes have one each."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    index = torch.device(name).index if ":" in name else local
    if index is not None and index < count:
        return torch.device("cuda", index)
    there = f"this machine has {count} usable GPUs" if count else "torch finds no usable GPU here"
    if processes > 1:
        raise _fault("run.processes", f"{processes} processes: {there}", "one process a GPU, or use run.device = cpu")
    raise _fault("run.device", f"{name!r}: {there}", "use auto or cpu")


def set_threads(threads: int, processes: int = 1) -> None:
    """Bound this worker's CPU threads: several workers on one machine otherwise take each other's cores."""
    if processes > 1:
        threads = threads or len(os.sched_getaffinity(0))
    if threads:
        torch.set_num_threads(max(1, threads // processes))


def settle(device: torch.device, run: Run) -> None:
    """Make the device ours: its share of memory, its kind of numbers."""
    if device.type != "cuda":
        return
    torch.cuda.set_device(device)
    if run.gpu_share < 1:
        torch.cuda.set_per_process_memory_fraction(run.gpu_share, device)
    torch.set_float32_matmul_precision("high" if run.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = run.tf32
    torch.backends.cudnn.benchmark = True  # shapes stay the same: the search pays in the first steps


def describe(device: torch.device, processes: int = 1) -> Device:
    """The device for status.json, with memory in use now. Callable from any thread."""
    many = f"{processes} × " if processes > 1 else ""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        name = torch.cuda.get_device_name(device)
        busy = utilisation.busy(_identity(device))
        return Device("cuda", many + name, device.index, total - free, total, busy)
    used, total_memory = process.memory()
    return Device("cpu", f"{many}{torch.get_num_threads()} threads", None, memory_used=used, memory_total=total_memory)


def _identity(device: torch.device) -> str:
    """The GPU's own name among all; older torch does not tell it."""
    return str(getattr(torch.cuda.get_device_properties(device), "uuid", ""))


_SHORT = {"bf16": torch.bfloat16, "fp16": torch.float16}


def memory_peak(device: torch.device) -> int | None:
    """The most bytes that this process has held: of the GPU's memory, or of the machine's when it trains there."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    return process.memory_peak()


def precision(kind: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """The context in which forward passes run; may be entered again and again."""
    if kind in _SHORT:
        return torch.autocast(device.type, dtype=_SHORT[kind])
    return contextlib.nullcontext()


def scaler(kind: str, device: torch.device) -> torch.amp.GradScaler | None:
    """What keeps fp16 gradients from vanishing; other numbers need none."""
    if kind != "fp16":
        return None
    if device.type == "cpu" and not _computes_fp16():
        raise _fault("run.precision", "this torch does not compute in fp16 on a CPU", 'use run.precision = "bf16"')
    return torch.amp.GradScaler(device.type)


def _computes_fp16() -> bool:
    """Whether forward and backward can be done in fp16 on this CPU: tried, for that depends on build and processor."""
    try:
        with torch.autocast("cpu", dtype=torch.float16), torch.random.fork_rng(devices=[]):
            found: torch.Tensor = nn.Linear(2, 2)(torch.ones(1, 2))
            found.float().sum().backward()  # type: ignore[no-untyped-call]
    except RuntimeError:
        return False
    return found.dtype == torch.float16


def channels_last(model: nn.Module) -> None:
    """Lay out the weights of convolutions channels last; what they compute then is laid out so as well."""
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in model.parameters():
        if parameter.ndim in layouts:
            parameter.data = parameter.data.contiguous(memory_format=layouts[parameter.ndim])


def compiled(model: nn.Module, device: torch.device) -> None:
    """Compile it in place (its names of weights stay), or ConfigError with what is missing on this host."""
    words = os.environ.get("CXX", "").split() or ["g++", "clang++"]
    if not any(map(shutil.which, words)):
        what = f"this host has no C++ compiler ({', '.join(words)})"
        raise _fault("run.compile", what, "install g++, or set it to false")
    if device.type == "cuda" and importlib.util.find_spec("triton") is None:
        raise _fault("run.compile", "this host's Python has no triton", "install triton, or set it to false")
    model.compile()


def send(value: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A copy on the device. To a GPU through pinned memory, so that nobody waits for it."""
    if device.type == "cuda" and value.device.type == "cpu":
        return value.pin_memory().to(device, non_blocking=True)
    return value.to(device)


def _fault(key: str, what: str, mend: str) -> ConfigError:
    return ConfigError([Problem("configuration", None, key, what, mend)])


def random_state(device: torch.device) -> dict[str, Any]:
    """The state of every generator that training may draw from, as values that a weights-only load accepts."""
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    version, words, gauss = random.getstate()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": [version, list(words), gauss],
        "numpy": [str(kind), [int(word) for word in keys], int(position), int(has_gauss), float(cached)],
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(state: Mapping[str, Any], device: torch.device) -> None:
    """The reverse of `random_state`. A run that moves from CPU to GPU or back has no state for the new device."""
    torch.set_rng_state(state["torch"])
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


@contextlib.contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Draws inside come from `seed` and leave the generators outside untouched: validating never changes training."""
    before = random_state(device)
    seed_everything(seed)
    try:
        yield
    finally:
        set_random_state(before, device)
