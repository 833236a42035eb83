"""One optimiser step: forward, backward, scaling, clipping, update. Also what of it must go into a checkpoint."""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from trainer import device as devices
from trainer.averaging import Average
from trainer.config import Config
from trainer.optim import optimiser, set_rate
from trainer.order import Part
from trainer.ranks import Ranks
from trainer.sam import Sam
from trainer.sharding import gathered, refuse, scattered, whole
from trainer.tasks import Bounds, Task

Figures = Mapping[str, Tensor]


class Stepper:
    """A task's model with its optimiser, on a device."""

    def __init__(self, config: Config, task: Task, device: torch.device, ranks: Ranks | None = None) -> None:
        run, self._clip = config.run, config.optim.clip
        self.task = task
        self.model: nn.Module = task.model().to(device)
        if run.channels_last:
            devices.channels_last(self.model)
        ranks = ranks or Ranks()
        self.shards = ranks.sharded(self.model, device) if run.sharded and ranks.several else None
        if self.shards is not None and (config.optim.sam or isinstance(task, Bounds)):
            key = "optim.sam" if config.optim.sam else "task"
            raise refuse(key, "looks at all weights at once, which run.sharded keeps apart", "run.sharded = false")
        self.optimiser = optimiser(config.optim, self.model)
        self.scaler = devices.scaler(run.precision, device)
        self.average = Average(self.model, run.ema) if run.ema else None
        self.sam = Sam(self.model, config.optim.sam) if config.optim.sam else None
        self._bound = task.bound if isinstance(task, Bounds) else None
        self.skipped = 0  # steps that were left out, because a gradient was not finite
        self._precision = devices.precision(run.precision, device)
        if run.compile:
            devices.compiled(self.model, device)
        self._trained = self.model if self.shards is not None else ranks.parallel(self.model, device)
        self._apart = ranks.apart

    @property
    def judged(self) -> nn.Module:
        """The model that validations look at; of a sharded one the first rank's copy, as `gather` last left it."""
        if self.shards is not None and self.shards.copy is not None:
            return self.shards.copy
        return self.model if self.average is None else self.average.model

    def gather(self) -> None:
        """Before `judged` is looked at: all ranks call it."""
        if self.shards is not None:
            self.shards.gather()

    def step(self, parts: "Iterable[tuple[Part, Any]]", lr: float, number: int) -> tuple[Tensor, Figures]:
        """Step number `number` (from 1) on these batches; returns their mean loss and figures, left on the device."""
        set_rate(self.optimiser, lr)
        if self.sam is not None:
            parts = list(parts)  # they are needed twice
        loss, more = self._pass(parts)
        if self.sam is not None and self.sam.climb():
            with self.sam.uphill():
                self._pass(parts)
        if self.scaler is not None:
            self.scaler.unscale_(self.optimiser)
        if self._clip:
            norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._clip)
            more = {**more, "grad_norm": norm if self.shards is None else whole(norm)}
        self._update()
        if self._bound is not None:
            self._bound(self.model)
        if self.average is not None:
            self.average.follow(number)
        return loss, more

    def figures(self) -> dict[str, float]:
        """What a row tells of the steps themselves."""
        scale = {} if self.scaler is None else {"loss_scale": float(self.scaler.get_scale())}
        return scale | ({"skipped_steps": float(self.skipped)} if scale or self.sam is not None else {})

    def saved(self) -> dict[str, Any]:
        """What a checkpoint keeps. All ranks call it."""
        content: dict[str, Any]
        if self.shards is not None:
            content = {"model": self.shards.gather(), "optimiser": gathered(self.optimiser)}
        else:
            content = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
        if self.average is not None:
            content["average"] = self.average.model.state_dict()
        if self.scaler is not None:
            content["scaler"] = self.scaler.state_dict()
        return {**content, "skipped": self.skipped}

    def restore(self, content: Mapping[str, Any]) -> None:
        """The reverse. An average or a scaler that the checkpoint has not begins with the weights as they are."""
        if self.shards is not None:
            self.shards.load(content["model"])
            scattered(self.optimiser, content["optimiser"])
        else:
            self.model.load_state_dict(content["model"])
            self.optimiser.load_state_dict(content["optimiser"])
        if self.average is not None:
            self.average.model.load_state_dict(content.get("average", content["model"]))
        if self.scaler is not None and "scaler" in content:
            self.scaler.load_state_dict(content["scaler"])
        self.skipped = content.get("skipped", 0)

    def _pass(self, parts: "Iterable[tuple[Part, Any]]") -> tuple[Tensor, Figures]:
        """Gradients of all parts; their mean loss and figures."""
        found: list[tuple[Part, Tensor, Figures]] = []
        for part, batch in parts:
            with contextlib.nullcontext() if part.last else self._alone():
                loss, more = self._backward(part, batch, first=not found)
            found.append((part, loss, more))
        return _mean(found)

    def _alone(self) -> contextlib.AbstractContextManager[Any]:
        """Inside, gradients stay with this rank."""
        return self.shards.apart() if self.shards is not None else self._apart(self._trained)

    def _backward(self, part: Part, batch: Any, *, first: bool) -> tuple[Tensor, Figures]:
        with self._precision:
            loss, more = self.task.loss(self._trained, batch)
        weighed = loss if part.weight == 1 else loss * part.weight
        if first:  # not before: memory that is freed and taken again at once need not be mapped anew
            for group in self.optimiser.param_groups:  # optimiser.zero_grad, without its profiling
                for parameter in group["params"]:
                    parameter.grad = None
        if self.scaler is not None:
            weighed = self.scaler.scale(weighed)
        weighed.backward()  # type: ignore[no-untyped-call]
        return loss, more

    def _update(self) -> None:
        if self.scaler is None:
            if self.sam is not None and not self.sam.finite():
                self.skipped += 1
            else:
                self.optimiser.step()
            return
        before = self.scaler.get_scale()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.skipped += self.scaler.get_scale() < before


def _mean(found: list[tuple[Part, Tensor, Figures]]) -> tuple[Tensor, Figures]:
    """Of the parts of one step, by their samples."""
    if len(found) == 1:
        return found[0][1:]
    total = sum(part.samples for part, _, _ in found)
    loss = torch.stack([loss.detach() * part.samples for part, loss, _ in found]).sum() / total
    names = found[0][2]
    more = {
        name: torch.stack([more[name].detach() * part.samples for part, _, more in found]).sum() / total
        for name in names
    }
    return loss, more
