"""The device of a run: which one, its memory, its numbers, and the state of every random generator on it."""

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from trainer import process
from trainer.order import seed_everything
from trainer.record.status import Device
from trainer.schema import ConfigError, Problem


def choose(name: str) -> torch.device:
    """The device that `[run] device` means, or ConfigError with what there is."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda", 0) if count else torch.device("cpu")
    device = torch.device(name)
    if device.type != "cuda":
        return device
    device = torch.device("cuda", device.index or 0)
    if device.index >= count:
        there = f"this machine has {count} usable GPUs" if count else "torch finds no usable GPU here"
        raise ConfigError([Problem("configuration", None, "run.device", f"{name!r}: {there}", "use auto or cpu")])
    return device


def set_threads(threads: int) -> None:
    """Bound this worker's CPU threads: several workers on one machine otherwise take each other's cores."""
    if threads:
        torch.set_num_threads(threads)


def describe(device: torch.device) -> Device:
    """The device for status.json, with memory in use now. Callable from any thread."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        name = torch.cuda.get_device_name(device)
        return Device("cuda", name, device.index, memory_used=total - free, memory_total=total)
    used, total_memory = process.memory()
    return Device("cpu", f"{torch.get_num_threads()} threads", None, memory_used=used, memory_total=total_memory)


def memory_peak(device: torch.device) -> int | None:
    """The most bytes that this process has held: of the GPU's memory, or of the machine's when it trains there."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    return process.memory_peak()


def precision(kind: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """The context in which forward passes run."""
    if kind == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


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
