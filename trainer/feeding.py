"""The batches of a run in their order; if wanted, the next one is made in a thread while the model computes.

Order and numbers are the same either way: what is random in a batch is a function of its indices. One batch is ahead at
most, and none is beyond the end of an epoch, so that a batch in use stays valid (see `Task.batch`) and a validation
meets no thread.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from trainer.order import Part

Place = tuple[int, int]  # step, number of the part in it


class Feed:
    """`make` turns indices into a batch, `plan` tells the parts of a step."""

    def __init__(
        self,
        make: Callable[[Tensor], Any],
        plan: Callable[[int], tuple[Part, ...]],
        device: torch.device,
        *,
        ahead: bool = False,
    ) -> None:
        self._make, self._plan, self._device = make, plan, device
        self._thread = ThreadPoolExecutor(1, "feed") if ahead else None
        self._coming: tuple[Place, Future[Any]] | None = None
        self._stream = _stream(device) if ahead and device.type == "cuda" else None
        self.waited = 0.0  # seconds, in the newest step
        self.samples = 0  # of this rank, in the newest step

    def batches(self, step: int, until: int) -> Iterator[tuple[Part, Any]]:
        """The parts of a step with their batches; looks ahead at steps below `until` only."""
        self.waited, self.samples = 0.0, 0
        parts = self._plan(step)
        for number, part in enumerate(parts):
            began = time.perf_counter()
            batch = self._take((step, number), part)
            self.waited += time.perf_counter() - began
            self.samples += part.samples
            if self._thread is not None:
                self._look_ahead(parts, step, number + 1, until)
            yield part, batch

    def close(self) -> None:
        """End the thread, after the batch that it is making."""
        self._coming = None
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)

    def _take(self, place: Place, part: Part) -> Any:
        if self._coming is None or self._coming[0] != place:
            return self._make(part.indices)
        future, self._coming = self._coming[1], None
        batch = future.result()  # raises what was raised in the thread
        if self._stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._stream)
        return batch

    def _look_ahead(self, parts: tuple[Part, ...], step: int, number: int, until: int) -> None:
        if number == len(parts):
            step, number = step + 1, 0
            if step >= until:
                return
            parts = self._plan(step)
        assert self._thread is not None
        used = None if self._stream is None else torch.cuda.current_stream(self._device).record_event()
        self._coming = ((step, number), self._thread.submit(self._made, parts[number].indices, used))

    def _made(self, indices: Tensor, used: "torch.cuda.Event | None") -> Any:
        """In the thread. On a GPU its copies have their own stream, behind the last use of memory that is free."""
        if self._stream is None or used is None:
            return self._make(indices)
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            self._stream.wait_event(used)
            return self._make(indices)


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
