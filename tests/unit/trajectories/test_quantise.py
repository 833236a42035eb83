"""Quantisers: codes, gradients, losses, and how a codebook is used."""

import math

import pytest
import torch

from trainer.tasks.trajectories.models.quantise import FiniteScalar, LookupFree, use


def test_lookup_free_codes_are_signs_and_gradients_pass() -> None:
    grid = torch.tensor([0.3, -2.0, 0.0, 1.0]).view(1, 4, 1, 1, 1).requires_grad_()
    quantised, losses = LookupFree(4)(grid)
    assert quantised.flatten().tolist() == [1, -1, -1, 1]
    quantised.sum().backward()
    assert grid.grad is not None and grid.grad.flatten().tolist() == [1, 1, 1, 1]
    assert losses["commitment"].item() == pytest.approx((0.7**2 + 1 + 1 + 0) / 4)


def test_bits_spell_every_code_once() -> None:
    codes = torch.arange(16)
    signs = torch.stack([(codes >> bit & 1) * 2.0 - 1 for bit in range(4)], 1).view(16, 4, 1, 1, 1)
    assert LookupFree(4).numbers(signs).flatten().tolist() == codes.tolist()


@pytest.mark.parametrize("bits", [3, 9, 18])
def test_entropy_is_nothing_when_codes_are_decided_and_all_in_use(bits: int) -> None:
    quantiser = LookupFree(bits)
    generator = torch.Generator().manual_seed(0)
    various = torch.randint(0, 2, (20_000, bits), generator=generator) * 4.0 - 2
    assert quantiser.entropy(various).item() == pytest.approx(0, abs=0.01)
    assert quantiser.entropy(torch.full((100, bits), 2.0)).item() == pytest.approx(math.log(2), abs=0.01), "one code"
    assert quantiser.entropy(torch.zeros(100, bits)).item() == pytest.approx(math.log(2), abs=0.01), "undecided"


def test_finite_scalar_rounds_to_levels_and_numbers_them() -> None:
    quantiser = FiniteScalar((5, 3))
    grid = torch.randn(200, 2, 1, 2, 2).mul(3).requires_grad_()
    quantised, losses = quantiser(grid)
    assert losses == {}
    steps = ((quantised.movedim(1, -1) + 1) / 2 * torch.tensor([4, 2])).detach()
    assert torch.allclose(steps, steps.round(), atol=1e-5)
    numbers = quantiser.numbers(quantised)
    assert set(numbers.unique().tolist()) == set(range(15)) and quantiser.codes == 15
    quantised.sum().backward()
    assert grid.grad is not None and torch.allclose(grid.grad, 1 - torch.tanh(grid) ** 2, atol=1e-6)


def test_use_counts_codes_and_how_evenly_they_occur() -> None:
    assert use(torch.tensor([[3, 3], [3, 3]]), 8) == {"codebook_use": 1 / 8, "effective_codes": pytest.approx(1)}
    assert use(torch.arange(4), 8) == {"codebook_use": 0.5, "effective_codes": pytest.approx(4)}
    lopsided = use(torch.tensor([0] * 97 + [1, 2, 3]), 8)
    assert lopsided["codebook_use"] == 0.5 and 1 < lopsided["effective_codes"] < 1.3
