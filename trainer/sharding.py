"""`[run] sharded = true`: every process keeps a part of weights, gradients and optimiser state (torch's fully_shard).

Blocks are put together only while they are computed. A checkpoint holds whole tensors, as that of a run which is not
sharded, so that any number of processes goes on from it. Validations need a whole model: the first process has one
beside its part, without gradients, and brings it up to date with `gather`, which all must call.
"""

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from trainer.schema import ConfigError, Problem

_LEAST = 100_000  # parameters of a block that is put together by itself: smaller ones cost more messages than memory


class Sharded:
    """A model whose parts lie with the ranks; done to it in place."""

    def __init__(self, model: nn.Module, device: torch.device, size: int, *, main: bool) -> None:
        self.model = model
        self.copy = copy.deepcopy(model).requires_grad_(False) if main else None
        _shard(model, device, size)

    @contextlib.contextmanager
    def apart(self) -> Iterator[None]:
        """Inside, gradients stay with each rank."""
        self.model.set_requires_gradient_sync(False)  # type: ignore[operator]
        try:
            yield
        finally:
            self.model.set_requires_gradient_sync(True)  # type: ignore[operator]

    def gather(self) -> dict[str, Any]:
        """The whole state, on every rank; the first one's copy has it then."""
        state = {name: whole(value) for name, value in self.model.state_dict().items()}
        if self.copy is not None:
            self.copy.load_state_dict(state)
        return state

    def load(self, state: Mapping[str, Any]) -> None:
        """The reverse: every rank takes its part of the whole."""
        there = self.model.state_dict()
        self.model.load_state_dict({name: _part(there[name], value) for name, value in state.items()})
        if self.copy is not None:
            self.copy.load_state_dict(state)


def gathered(optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    """Its state with whole tensors."""
    found = optimiser.state_dict()
    states = {number: {name: whole(value) for name, value in state.items()} for number, state in found["state"].items()}
    return {**found, "state": states}


def scattered(optimiser: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """The reverse of `gathered`."""
    owners = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    states = {
        number: {name: _part(owners[number], value) for name, value in one.items()}
        for number, one in state["state"].items()
    }
    optimiser.load_state_dict({**state, "state": states})


def whole(value: Any) -> Any:
    """A tensor's parts put together; all ranks call it. What is whole already is itself."""
    gather = getattr(value, "full_tensor", None)  # no import of DTensor, which takes a second, for those who have none
    return value if gather is None else gather()


def refuse(key: str, what: str, mend: str) -> ConfigError:
    """For what goes together with sharding only half, or not at all."""
    return ConfigError([Problem("configuration", None, key, what, mend)])


def _part(like: torch.Tensor, value: Any) -> Any:
    """This rank's part of a whole tensor, where that which it belongs to is in parts and as large."""
    from torch.distributed.tensor import DTensor, distribute_tensor  # noqa: PLC0415

    if not isinstance(like, DTensor) or not isinstance(value, torch.Tensor) or value.shape != like.shape:
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def _shard(model: nn.Module, device: torch.device, size: int) -> None:
    try:
        from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415
        from torch.distributed.fsdp import fully_shard  # noqa: PLC0415
    except ImportError:
        mend = "torch 2.6 or newer on the host, or run.sharded = false"
        raise refuse("run.sharded", f"torch {torch.__version__} has no fully_shard", mend) from None
    mesh = init_device_mesh(device.type, (size,))
    for block in _blocks(model):
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _blocks(model: nn.Module) -> list[nn.Module]:
    """What a model repeats: the members of its lists and sequences, the outermost that are large enough."""
    found: list[nn.Module] = []
    for child in model.children():
        many = list(child.children()) if isinstance(child, nn.ModuleList | nn.Sequential) else []
        found += [item for item in many if sum(value.numel() for value in item.parameters()) >= _LEAST]
        found += [] if many else _blocks(child)
    return found
