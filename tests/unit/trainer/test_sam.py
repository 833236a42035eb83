"""Sharpness-aware steps: the numbers of the method as it is written down, whatever else a step does."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from test_stepping import metrics, results, stop_in_step
from tiny_runs import Tiny, plain_rows
from torch import Tensor, nn

from trainer import device as devices
from trainer.config import Config
from trainer.order import parts_of
from trainer.stepping import Stepper

RHO = 0.05
CPU = torch.device("cpu")


class Normed:
    """A task in double precision with batch normalisation."""

    notes = ()

    def model(self) -> nn.Module:
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(3, 5, bias=False), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 1)).double()

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        return nn.functional.mse_loss(model(batch[0])[:, 0], batch[1]), {}


def data(count: int = 12) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    points = torch.randn(count, 3, generator=generator, dtype=torch.float64)
    return points, points.sin().sum(1)


def parts(count: int, batch: tuple[Tensor, Tensor]) -> Iterable[tuple[object, tuple[Tensor, Tensor]]]:
    for part in parts_of(torch.arange(len(batch[0])), 0, 1, count):
        yield part, (batch[0][part.indices], batch[1][part.indices])


def literal(model: nn.Module, optimiser: torch.optim.Optimizer, pieces: list[tuple[Tensor, Tensor]]) -> None:
    """One step as Foret et al. (2021), algorithm 1, write it; statistics are those of the first pass."""
    total = sum(len(piece[1]) for piece in pieces)

    def gradient() -> list[Tensor]:
        optimiser.zero_grad()
        for points, targets in pieces:
            (nn.functional.mse_loss(model(points)[:, 0], targets) * len(targets) / total).backward()
        return [parameter.grad.clone() for parameter in model.parameters()]

    at_weights = gradient()
    statistics = {name: value.clone() for name, value in model.named_buffers()}
    norm = sum((value**2).sum() for value in at_weights).sqrt()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), at_weights, strict=True):
            parameter.add_(RHO * value / norm)
    gradient()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), before, strict=True):
            parameter.copy_(value)
        for name, value in model.named_buffers():
            value.copy_(statistics[name])
    optimiser.step()


def config(tiny: Tiny, *sets: str) -> Config:
    return tiny.config(f"optim.sam={RHO}", *sets)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_step_is_that_of_the_method(tiny: Tiny, kind: str, count: int) -> None:
    ours = Stepper(config(tiny, f'optim.kind="{kind}"'), Normed(), CPU)
    theirs = Normed().model()
    same = torch.optim.SGD if kind == "sgd" else torch.optim.Adam
    optimiser = same(theirs.parameters(), lr=0.01, **({"momentum": 0.9} if kind == "sgd" else {}))
    batch = data()
    for number in range(1, 8):
        ours.step(parts(count, batch), 0.01, number)
        literal(theirs, optimiser, [piece for _, piece in parts(count, batch)])
    for (name, value), other in zip(ours.model.state_dict().items(), theirs.state_dict().values(), strict=True):
        assert (value - other).abs().max() < 1e-10, name
    plain = Stepper(tiny.config(f'optim.kind="{kind}"'), Normed(), CPU)
    for number in range(1, 8):
        plain.step(parts(count, batch), 0.01, number)
    assert (plain.model[0].weight - ours.model[0].weight).abs().max() > 1e-6


def test_norms_learn_from_the_first_pass_alone_and_go_on_learning(tiny: Tiny) -> None:
    stepper = Stepper(config(tiny), Normed(), CPU)
    for number in range(1, 4):
        stepper.step(parts(1, data()), 0.01, number)
        assert int(stepper.model[1].num_batches_tracked) == number
    assert stepper.model[1].track_running_stats


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_pass_that_is_not_finite_leaves_the_weights(
    tiny: Tiny, at: int, scaled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient alone breaks, as it does in fp16; the loss stays a number."""
    if scaled:
        monkeypatch.setattr(devices, "scaler", lambda kind, device: torch.amp.GradScaler("cpu", init_scale=2.0**10))
    task = Normed()
    stepper, former, calls = Stepper(config(tiny), task, CPU), task.loss, []

    def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        calls.append(1)
        value, more = former(model, batch)
        if len(calls) == at:
            value.register_hook(lambda gradient: gradient * float("inf"))
        return value, more

    task.loss = loss  # type: ignore[method-assign]
    before = [value.detach().clone() for value in stepper.model.parameters()]
    stepper.step(parts(1, data()), 0.01, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, stepper.model.parameters(), strict=True))
    assert stepper.skipped == 1 and len(calls) == at
    if stepper.scaler is not None:
        assert stepper.scaler.get_scale() == 2.0**9
    stepper.step(parts(1, data()), 0.01, 2)
    assert stepper.skipped == 1 and not torch.equal(before[0], stepper.model[0].weight)


def test_a_scaled_loss_gives_the_same_step(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Stepper(config(tiny), Normed(), CPU)
    monkeypatch.setattr(devices, "scaler", lambda kind, device: torch.amp.GradScaler("cpu", init_scale=2.0**10))
    scaled = Stepper(config(tiny), Normed(), CPU)
    for number in range(1, 6):
        for stepper in (plain, scaled):
            stepper.step(parts(2, data()), 0.01, number)
    for value, other in zip(plain.model.parameters(), scaled.model.parameters(), strict=True):
        assert (value - other).abs().max() < 1e-10


EVERYTHING = (f"optim.sam={RHO}", "run.accumulate=2", "run.ema=0.9", "run.prefetch=1", "optim.clip=1.0")


@pytest.mark.parametrize("more", [(), ('run.precision="fp16"',)])
def test_a_resume_in_mid_epoch_has_the_same_bits(
    tiny: Tiny, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.run(*EVERYTHING, *more, name="whole")
    stop_in_step(tiny, 30, monkeypatch)  # four calls of the loss a step: in the middle of the first epoch
    tiny.run(*EVERYTHING, *more, name="broken")
    status = tiny.reader("broken").status()
    assert status is not None and status.state == "stopped" and 0 < (status.step or 0) < 15
    tiny.run(*EVERYTHING, *more, name="broken", resume=True)
    assert plain_rows(tiny.reader("broken")) == plain_rows(tiny.reader("whole"))
    assert results(tiny, "broken")["weights_sha256"] == results(tiny, "whole")["weights_sha256"]
    assert metrics(tiny.reader("whole"), "skipped_steps")[-1] < 30


def test_rho_below_zero_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"optim\.sam"):
        tiny.config("optim.sam=-0.1")
