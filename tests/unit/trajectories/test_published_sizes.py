"""The full networks have the published numbers of parameters. Counted on the meta device: nothing is allocated."""

import pytest
import torch
from torch import nn

from trainer.tasks.trajectories.models.build import extractor_of, unified
from trainer.tasks.trajectories.models.i3d import I3D
from trainer.tasks.trajectories.models.magvit import MagViT
from trainer.tasks.trajectories.models.quantise import LookupFree
from trainer.tasks.trajectories.models.slowfast import SlowFast
from trainer.tasks.trajectories.models.transformer import DividedTransformer
from trainer.tasks.trajectories.settings import Model


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_i3d_is_the_public_rgb_network_without_its_class_layer() -> None:
    with torch.device("meta"):
        three, four = I3D(3, 32), I3D(4, 32)
    class_layer = 1024 * 400 + 400
    assert count(three) == 12_287_264
    assert count(three) + class_layer == 12_697_264
    assert count(four) - count(three) == 64 * 7 * 7 * 7, "only the stem sees a fourth camera"


def test_slowfast_is_the_8x8_resnet_50_of_the_model_zoo() -> None:
    with torch.device("meta"):
        three, four = SlowFast(3, 32), SlowFast(4, 32)
    class_layer = (2048 + 256) * 400 + 400
    assert three.channels == 2048 + 256
    assert count(three) == 33_644_488
    assert count(three) + class_layer == 34_566_488, "34.57 M in the model zoo"
    assert count(four) - count(three) == 64 * 7 * 7 + 8 * 5 * 7 * 7, "only the stems see a fourth camera"


def test_the_transformer_is_vit_b_16_with_time_attention() -> None:
    with torch.device("meta"):
        published = DividedTransformer(3, 8, 224)
        ours = extractor_of(Model(kind="transformer"), 4)
    width = 768
    norm, square = 2 * width, width * width + width
    attention = 3 * square + square
    network = 2 * 4 * width * width + 4 * width + width
    block = norm + attention + square + norm + attention + norm + network  # time and its projection, space, network
    tables = width + (14 * 14 + 1) * width + 8 * width
    patches = 3 * 16 * 16 * width + width
    assert count(published) == 12 * block + tables + patches + norm == 121_258_752
    assert count(published) + 174 * width + 174 == 121_392_558, "121.4 M in the paper, with a layer for 174 classes"
    places, times, camera = (4 * 4 - 14 * 14) * width, (32 - 8) * width, 16 * 16 * width
    assert count(ours) == count(published) + places + times + camera


def test_magvit_has_the_published_widths() -> None:
    with torch.device("meta"):
        three = MagViT(3, 32, LookupFree(18))
        four = MagViT(4, 32, LookupFree(18))

    def conv(inputs: int, outputs: int, kernel: int = 27) -> int:
        return inputs * outputs * kernel + outputs

    def residual(inputs: int, outputs: int) -> int:
        shortcut = conv(inputs, outputs, 1) if inputs != outputs else 0
        return 2 * inputs + conv(inputs, outputs) + 2 * outputs + conv(outputs, outputs) + shortcut

    widths, total, width = (128, 256, 256, 512), conv(3, 128), 128
    for number, wide in enumerate(widths):
        total += conv(width, width) if number else 0
        total += residual(width, wide) + 3 * residual(wide, wide)
        width = wide
    total += 2 * width + conv(width, 18, 1)
    assert count(three.encoder) == total == 88_244_114
    assert count(four.encoder) - total == 128 * 27


@pytest.mark.parametrize("cameras", ["channels", "shared"])
@pytest.mark.parametrize(
    ("kind", "grid"),
    [
        ("i3d", (1024, 4, 2, 2)),
        ("slowfast", (2304, 8, 2, 2)),
        ("transformer", (768, 32, 4, 4)),
        ("magvit", (512, 8, 8, 8)),
    ],
)
def test_full_grids(kind: str, grid: tuple[int, ...], cameras: str) -> None:
    with torch.device("meta"):
        model = unified(Model(kind=kind, cameras=cameras))
        found = model.features(torch.zeros(2, 4, 32, 64, 64, dtype=torch.uint8))
    channels = grid[0] * (4 if cameras == "shared" else 1)
    assert found.grid.shape == (2, channels, *grid[1:])
    assert found.pooled.shape == (2, channels)


@pytest.mark.parametrize("kind", ["i3d", "slowfast"])
def test_smaller_cells_cost_no_parameters(kind: str) -> None:
    with torch.device("meta"):
        published, finer = (extractor_of(Model(kind=kind, cell=cell), 4) for cell in (0, 8))
        assert finer(torch.zeros(1, 4, 32, 64, 64)).shape[-2:] == (8, 8)
    assert count(published) == count(finer)
