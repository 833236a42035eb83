"""EEGNeX: sizes and names as published, values of the paper's formulas, the fold for inference."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.tasks.eeg.models.eegnex import EEGNeX, Folded, Shape, bound
from trainer.tasks.eeg.models.regressor import Scaled
from trainer.tasks.eeg.settings import LEAST

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
LAYERS = [("1.1", "1.2"), ("2.0", "2.1"), ("3.0", "3.1"), ("4.0", "4.1"), ("5.0", "5.1")]
KEYS = [
    f"block_{layer}.weight" if not name else f"block_{norm}.{name}" for layer, norm in LAYERS for name in ("", *NORM)
]
KEYS += ["final_layer.weight", "final_layer.bias"]
"""Of braindecode 1.0, models/eegnex.py: the first module of its block 1 rearranges and has no weights."""


def trained(shape: Shape) -> EEGNeX:
    """A network in double precision whose norms have statistics, weights and biases of their own."""
    torch.manual_seed(3)
    model = EEGNeX(shape).double()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for value in (module.weight.data, module.running_var):
                value.uniform_(0.5, 2.0)
            for value in (module.bias.data, module.running_mean):
                value.normal_()
    return model.eval()


def literal(model: EEGNeX, windows: Tensor) -> Tensor:
    """The paper's network, line by line, from the same weights."""
    values = model.state_dict()

    def convolved(grid: Tensor, name: str, dilation: int = 1, groups: int = 1, padding: str = "same") -> Tensor:
        return F.conv2d(grid, values[f"{name}.weight"], padding=padding, dilation=(1, dilation), groups=groups)

    def normed(grid: Tensor, name: str) -> Tensor:
        mean, var = values[f"{name}.running_mean"], values[f"{name}.running_var"]
        return F.batch_norm(grid, mean, var, values[f"{name}.weight"], values[f"{name}.bias"], eps=1e-5)

    grid = normed(convolved(windows[:, None], "block_1.1"), "block_1.2")
    grid = normed(convolved(grid, "block_2.0"), "block_2.1")
    grid = normed(convolved(grid, "block_3.0", groups=grid.shape[1], padding="valid"), "block_3.1")
    grid = F.avg_pool2d(F.elu(grid), (1, 4), padding=(0, 1))
    grid = normed(convolved(grid, "block_4.0", dilation=2), "block_4.1")
    grid = normed(convolved(grid, "block_5.0", dilation=4), "block_5.1")
    grid = F.avg_pool2d(F.elu(grid), (1, 8), padding=(0, 1))
    return F.linear(grid.flatten(1), values["final_layer.weight"], values["final_layer.bias"])


@pytest.mark.parametrize(("kernel", "count"), [(64, 62_353), (32, 53_905)])
def test_published_sizes(kernel: int, count: int) -> None:
    model = EEGNeX(Shape(129, 200, kernel=kernel))
    assert sum(parameter.numel() for parameter in model.parameters()) == count
    assert list(model.state_dict()) == KEYS


SHAPES = [Shape(5, 200), Shape(7, 150, outputs=3, filters=4, deep=6, multiplier=3, kernel=17), Shape(129, 200)]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("shape", SHAPES)
def test_values_are_those_of_the_formulas_and_folded_the_same(shape: Shape) -> None:
    model = trained(shape)
    windows = torch.randn(3, shape.channels, shape.samples, dtype=torch.float64)
    with torch.no_grad():
        expected = literal(model, windows)
        assert expected.std() > 1e-3
        assert (model(windows) - expected).abs().max() < 1e-10
        assert (Folded(model)(windows) - expected).abs().max() < 1e-10


def test_the_whole_model_folds_too() -> None:
    torch.manual_seed(0)
    model = Scaled(Shape(5, 100, deep=8)).double().eval()
    model.fit(torch.rand(5), torch.rand(5) + 0.5, 1.3, 0.4)
    windows = torch.randn(4, 5, 100, dtype=torch.float64)
    with torch.no_grad():
        assert (model.folded()(windows) - model(windows)).abs().max() < 1e-10


def test_the_fold_does_not_follow_the_model() -> None:
    model = trained(SHAPES[0])
    folded, windows = Folded(model), torch.randn(1, 5, 200, dtype=torch.float64)
    with torch.no_grad():
        before = folded(windows)
        for parameter in model.parameters():
            parameter.zero_()
        assert torch.equal(folded(windows), before)


def test_bounds() -> None:
    model = EEGNeX(Shape(5, 200))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(50)
        inside = model.block_3[0].weight[0].clone() / model.block_3[0].weight[0].norm() / 2
        model.block_3[0].weight[0] = inside
    bound(model)
    assert model.block_3[0].weight.flatten(1).norm(dim=1).max() <= 1 + 1e-5
    assert model.final_layer.weight.norm(dim=1).max() <= 0.25 + 1e-5
    assert torch.equal(model.block_3[0].weight[0], inside)  # what is within them is left alone


def test_too_short_windows_have_no_features() -> None:
    assert Shape(3, LEAST - 1).features == 0 < Shape(3, LEAST).features
    assert EEGNeX(Shape(3, LEAST))(torch.randn(2, 3, LEAST)).shape == (2, 1)
