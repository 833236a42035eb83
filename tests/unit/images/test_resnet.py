"""ResNet-18 and ResNet-50: counts, names, and the same numbers as a literal reference; published weights load."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.models.resnet import ResNet, initialise, resnet
from trainer.models.weights import checksum, load, read

COUNTS = [("resnet18", 1_000, 11_689_512), ("resnet50", 1_000, 25_557_032), ("resnet50", 100, 23_712_932)]


@pytest.mark.parametrize(("kind", "classes", "count"), COUNTS)
def test_parameters_are_those_that_are_published(kind: str, classes: int, count: int) -> None:
    assert sum(parameter.numel() for parameter in resnet(kind, classes).parameters()) == count


def published_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's ResNet-50, written from its published state dict."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, width: int) -> None:
        shapes.update({f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn1", 64)
    inputs = 64
    for layer, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            sizes = ((width, inputs, 1, 1), (width, width, 3, 3), (4 * width, width, 1, 1))
            for number, size in enumerate(sizes, 1):
                shapes[f"{name}.conv{number}.weight"] = size
                norm(f"{name}.bn{number}", size[0])
            if not block:
                shapes[f"{name}.downsample.0.weight"] = (4 * width, inputs, 1, 1)
                norm(f"{name}.downsample.1", 4 * width)
            inputs = 4 * width
    return {**shapes, "fc.weight": (1000, 2048), "fc.bias": (1000,)}


def test_names_and_shapes_are_torchvisions_in_its_order() -> None:
    found = {name: tuple(value.shape) for name, value in resnet("resnet50", 1_000).state_dict().items()}
    assert list(found.items()) == list(published_shapes().items()) and len(found) == 320


def lively(network: ResNet) -> ResNet:
    """Every number matters, those of norms as well; in double precision."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point() and value.ndim == 1:
                value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
            elif value.ndim > 1:
                value.copy_(torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5)
            assert name
    return network.double().eval()


def reference(state: dict[str, Tensor], images: Tensor, depths: tuple[int, ...], convolutions: int) -> Tensor:
    """He et al. 2015 with the stride in the 3 × 3, written out from the state dict alone."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, variance = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        scale = state[f"{name}.weight"] / torch.sqrt(variance + 1e-5)
        return (x - mean[:, None, None]) * scale[:, None, None] + state[f"{name}.bias"][:, None, None]

    def convolve(x: Tensor, name: str, stride: int) -> Tensor:
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    x = norm(convolve(images, "conv1", 2), "bn1").clamp(min=0)
    x = F.max_pool2d(x, 3, 2, 1)
    for layer, depth in enumerate(depths, 1):
        for block in range(depth):
            name, y = f"layer{layer}.{block}", x
            stride = 2 if layer > 1 and block == 0 else 1
            strided = 1 if convolutions == 2 else 2
            for number in range(1, convolutions + 1):
                y = convolve(y, f"{name}.conv{number}", stride if number == strided else 1)
                y = norm(y, f"{name}.bn{number}")
                y = y.clamp(min=0) if number < convolutions else y
            if f"{name}.downsample.0.weight" in state:
                x = norm(convolve(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
            x = (x + y).clamp(min=0)
    return x.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize(
    ("kind", "depths", "convolutions"), [("resnet18", (2, 2, 2, 2), 2), ("resnet50", (3, 4, 6, 3), 3)]
)
def test_outputs_are_those_of_a_literal_reference(kind: str, depths: tuple[int, ...], convolutions: int) -> None:
    network = lively(resnet(kind, 7))
    images = torch.randn(2, 3, 64, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, wanted = network(images), reference(network.state_dict(), images, depths, convolutions)
    assert torch.allclose(found, wanted, rtol=1e-10, atol=1e-10) and wanted.abs().max() > 1e-3


def test_published_weights_load_and_another_class_layer_stays_new(tmp_path: Path) -> None:
    torch.manual_seed(0)
    published, path = resnet("resnet18", 10), tmp_path / "weights.pth"
    initialise(published)
    torch.save(published.state_dict(), path)
    state = read(path, checksum(path)[:12], "model")
    same, other = resnet("resnet18", 10), resnet("resnet18", 4)
    assert load(same, state, head=True) and torch.equal(same.fc.weight, published.fc.weight)
    assert not load(other, state, head=True) and torch.equal(other.conv1.weight, published.conv1.weight)
    with pytest.raises(ValueError, match=r"correct model\.sha256"):
        read(path, "00000000", "model")
    with pytest.raises(ValueError, match="not of a resnet50"):
        load(resnet("resnet50", 10), state, "resnet50")


def test_norms_and_biases_do_not_decay() -> None:
    from trainer.optim import groups

    network = resnet("resnet50", 10)
    decayed, others = groups(network, 1e-4)
    assert len(decayed["params"]) == 54 and others["weight_decay"] == 0.0
    assert {id(item) for item in others["params"]} == {
        id(item) for name, item in network.named_parameters() if name.endswith("bias") or "bn" in name or ".1." in name
        if item.ndim == 1
    }  # fmt: skip
