"""Attention per token: uniform attention is worth exactly 1, and the losses push the right way and then stop."""

import numpy as np
import pytest
import torch

from trainer.tasks.persistence.attending import attention_loss, shares, token_coverage
from trainer.tasks.persistence.data.render import Renderer
from trainer.tasks.persistence.data.scene import scenes
from trainer.tasks.persistence.measures import Validation, measure
from trainer.tasks.persistence.settings import Loss


def cells_of(count: int) -> torch.Tensor:
    return torch.from_numpy(Renderer(count).draw(scenes(0, np.arange(count), "v1"))[1].copy())


def validation(attention: torch.Tensor, coverage: torch.Tensor) -> Validation:
    mean, both = shares(attention.double(), coverage.double())
    label = np.zeros(len(attention), dtype=np.int64)
    return Validation(label, label, attention.double().numpy(), mean.numpy(), both.numpy(), 1.5)


@pytest.mark.parametrize("tokens", [16, 64, 256, 1024])
def test_uniform_attention_gives_a_ratio_of_exactly_one(tokens: int) -> None:
    coverage = token_coverage(cells_of(30), tokens)
    found = measure(validation(torch.full((30, tokens), 1 / tokens), coverage), 0.0)
    assert found["attention_ratio"] == 1.0
    assert found["consistency"] == 0.0


def test_coverage_of_tokens_is_the_sum_of_their_cells() -> None:
    cells = cells_of(3)
    frames = token_coverage(cells, 16)
    assert (frames == cells.sum((3, 4), dtype=torch.float32)).all()
    patches = token_coverage(cells, 256)
    assert patches[1, 0, 5 * 16 + 2 * 4 + 3] == cells[1, 0, 5, 4:6, 6:8].sum()
    assert (patches.sum(-1) == frames.sum(-1)).all()


def test_shares_are_weighted_by_what_a_token_shows() -> None:
    attention = torch.tensor([[0.4, 0.1, 0.5]])
    coverage = torch.tensor([[[30.0, 10.0, 0.0], [0.0, 5.0, 15.0]]])
    mean, both = shares(attention, coverage)
    assert mean.tolist() == [pytest.approx([(30 * 0.4 + 10 * 0.1) / 40, (5 * 0.1 + 15 * 0.5) / 20])]
    assert both.tolist() == [True]


def test_clips_that_never_show_one_kind_have_no_say() -> None:
    attention = torch.rand(2, 4, requires_grad=True)
    coverage = torch.ones(2, 2, 4)
    coverage[1, 1] = 0
    loss = attention_loss(attention, coverage, Loss(kind="raw", cap=5))
    loss.backward()
    assert attention.grad is not None
    assert attention.grad[1].abs().sum() == 0


def test_the_hinge_pushes_below_its_target_and_not_above() -> None:
    coverage = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    settings = Loss(kind="hinge", alpha=0.5, target=2.0)
    below = torch.tensor([[0.5, 0.5]], requires_grad=True)
    loss = attention_loss(below, coverage, settings)
    assert loss.item() == pytest.approx(0.5 * np.log(2))
    loss.backward()
    assert below.grad is not None and below.grad[0, 0] < 0 < below.grad[0, 1]
    assert attention_loss(torch.tensor([[0.9, 0.3]]), coverage, settings).item() == 0


def test_the_hinge_stays_finite_without_any_attention() -> None:
    coverage = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    attention = torch.tensor([[0.0, 1.0]], requires_grad=True)
    loss = attention_loss(attention, coverage, Loss())
    loss.backward()
    assert torch.isfinite(loss) and attention.grad is not None and torch.isfinite(attention.grad).all()


def test_the_raw_loss_is_the_fields_in_units_of_uniform_attention_and_capped() -> None:
    coverage = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    settings = Loss(kind="raw", alpha=0.2, cap=1.0)
    assert attention_loss(torch.tensor([[0.4, 0.6]]), coverage, settings).item() == pytest.approx(0.2 * (0.6 - 0.4) * 2)
    assert attention_loss(torch.tensor([[0.9, 0.1]]), coverage, settings).item() == pytest.approx(-0.2)
