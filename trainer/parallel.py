"""A model whose gradients are the mean over all ranks."""

from typing import Any

from torch.nn.parallel import DistributedDataParallel


class Parallel(DistributedDataParallel):
    """DistributedDataParallel through which a task still reaches what its model has beside `forward`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "module":  # not there yet
                raise
            return getattr(self.module, name)
