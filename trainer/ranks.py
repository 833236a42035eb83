"""The processes that train one run together, and what they must do at the same step.

Every rank runs the same loop on its part of each step's samples. Only rank 0 looks at the world (signals, the stop
file, rivals, clocks, validation samples) and only rank 0 writes: what it finds is handed to the others, so that all of
them take the same way. With one process, everything here does nothing.
"""

import contextlib
import datetime
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from trainer.ending import Ending, Interrupted, TrainingFailed
from trainer.record.status import Finding

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from trainer.sharding import Sharded

T = TypeVar("T")

RENDEZVOUS = "TRAJ_RENDEZVOUS"  # a file in which the ranks of one machine find each other; torchrun brings its own way
RESTARTS = "TORCHELASTIC_RESTART_COUNT"  # of torchrun, and of ours
PATIENCE = datetime.timedelta(days=7)  # a rank that died is noticed at once, one that waits for a full disk is not dead


class Ranks:
    """Who we are among `size` processes, numbered from 0; `local` counts on this machine."""

    def __init__(self, rank: int = 0, size: int = 1, local: int = 0, locals_: int = 1) -> None:
        self.rank, self.size, self.local, self.locals = rank, size, local, locals_
        self._joined = False

    @classmethod
    def here(cls) -> "Ranks":
        """As torchrun, or `[run] processes`, has numbered us."""
        number = {name: int(os.environ.get(name) or default) for name, default in _VARIABLES.items()}
        return cls(number["RANK"], number["WORLD_SIZE"], number["LOCAL_RANK"], number["LOCAL_WORLD_SIZE"])

    @property
    def main(self) -> bool:
        """Whether we are the one that writes."""
        return self.rank == 0

    @property
    def several(self) -> bool:
        return self.size > 1

    # ---- coming and going --------------------------------------------------------------------------------------------

    def join(self, device: "torch.device") -> None:
        """Meet the others; returns when all are there."""
        if not self.several:
            return
        from torch import distributed  # noqa: PLC0415
        from torch._C._distributed_c10d import PrefixStore  # noqa: PLC0415
        from torch.distributed.rendezvous import rendezvous  # noqa: PLC0415

        if self.locals == self.size and os.path.exists("/sys/class/net/lo"):  # noqa: PTH110
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # one machine: whatever its network is like
        where = os.environ.get(RENDEZVOUS, "env://")
        found, _, _ = next(rendezvous(where, self.rank, self.size, timeout=PATIENCE))
        # torchrun keeps one store for all attempts: without a name of its own this one would meet the dead of the last.
        store = PrefixStore(f"attempt-{os.environ.get(RESTARTS, '0')}", found)
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        distributed.init_process_group(backend, store=store, rank=self.rank, world_size=self.size, timeout=PATIENCE)
        self._joined = True

    def leave(self) -> None:
        """After the last word of all: nobody goes while another still needs him.

        A helper then goes at once: gloo's threads, taken apart while Python ends, abort a process now and then.
        """
        if self._joined:
            from torch import distributed  # noqa: PLC0415

            self.everyone(None)
            if not self.main:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
            distributed.destroy_process_group()
            self._joined = False

    # ---- training together -------------------------------------------------------------------------------------------

    def parallel(self, model: "nn.Module", device: "torch.device") -> "nn.Module":
        """The model as the loss sees it: its gradients become the mean over the ranks while they are computed."""
        if not self.several:
            return model
        from trainer.parallel import Parallel  # noqa: PLC0415

        return Parallel(model, device_ids=[device.index] if device.type == "cuda" else None)

    def apart(self, model: Any) -> contextlib.AbstractContextManager[Any]:
        """Inside, gradients stay with each rank: for all parts of a step but the last."""
        found: contextlib.AbstractContextManager[Any] = model.no_sync() if self.several else contextlib.nullcontext()
        return found

    def sharded(self, model: "nn.Module", device: "torch.device") -> "Sharded":
        """The model in parts, one for each rank, in place of `parallel`."""
        from trainer.sharding import Sharded  # noqa: PLC0415

        return Sharded(model, device, self.size, main=self.main)

    def sums(self, values: "Tensor") -> "Tensor":
        """The sum over all ranks, on the CPU."""
        values = values.cpu()
        if self.several:
            from torch import distributed  # noqa: PLC0415

            distributed.all_reduce(values)
        return values

    # ---- agreeing ----------------------------------------------------------------------------------------------------

    def first(self, work: Callable[[], T]) -> T:
        """Rank 0 does it, the others wait for what came of it; an interruption or a failure is everybody's."""
        if not self.several:
            return work()
        if not self.main:
            told: T = self._outcome(*self._share(None))
            return told
        try:
            found = work()
        except Interrupted as interrupted:
            self._share(("interrupted", interrupted.ending))
            raise
        except Exception as error:
            self._share(("failed", str(error)))
            raise
        self._share(("done", found))
        return found

    def everyone(self, value: T) -> list[T]:
        """Each rank's value, by rank; on every rank."""
        if not self.several:
            return [value]
        from torch import distributed  # noqa: PLC0415

        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, value)
        return found

    def _share(self, value: Any) -> Any:
        from torch import distributed  # noqa: PLC0415

        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    @staticmethod
    def _outcome(kind: str, value: Any) -> Any:
        if kind == "interrupted":
            raise Interrupted(value)
        if kind == "failed":
            finding = Finding("rank 0 failed", value, "its own traceback says more")
            raise TrainingFailed(f"rank 0 failed: {value}", finding)
        return value


_VARIABLES = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}


class Council:
    """Rank 0's decisions between steps, known to all ranks one step later and so at the same step.

    A decision travels while the step computes, and is waited for before the next one: nobody waits for the network, and
    no rank stops alone. One process decides at once.
    """

    def __init__(self, ranks: Ranks, asked: Callable[[], Ending | None]) -> None:
        self._ranks, self._look = ranks, asked
        self._ending: Ending | None = None
        self._keep_soon = self._keep_now = self._keep_asked = False
        self._pending: tuple[Tensor, Any] | None = None

    def asked(self) -> Ending | None:
        """How the run was asked to end, if it was."""
        if not self._ranks.several:
            return self._look()
        if self._ranks.main:
            self._ending = self._ending or self._look()
        before = self._exchange(_END * (self._ending is not None) + _KEEP * self._keep_soon)
        self._keep_soon, self._keep_now = False, bool(before & _KEEP)
        self._keep_asked &= not self._keep_now
        return (self._ending or Ending("stopped", "rank 0 was asked to end")) if before & _END else None

    def keep(self, due: bool) -> bool:
        """Whether all keep a checkpoint now; `due` is what this process thinks."""
        if not self._ranks.several:
            return due
        if due and self._ranks.main and not self._keep_asked and not self._keep_now:
            self._keep_soon = self._keep_asked = True
        return self._keep_now

    def _exchange(self, decision: int) -> int:
        """Hand in this step's decision and get that of the step before."""
        import torch  # noqa: PLC0415
        from torch import distributed  # noqa: PLC0415

        word = torch.tensor([decision])
        before, self._pending = self._pending, (word, distributed.broadcast(word, src=0, async_op=True))
        if before is None:
            return 0
        before[1].wait()
        return int(before[0])


_END, _KEEP = 1, 2
