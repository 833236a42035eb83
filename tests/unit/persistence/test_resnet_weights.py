"""The frozen ResNet-18: torchvision's names, and weights that are what they claim to be."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from trainer.models.weights import load, read
from trainer.tasks.persistence.models.resnet import ResNet18, normalise
from trainer.tasks.persistence.models.weights import digest, fetch, folded, frozen, random_state
from trainer.tasks.persistence.settings import Backbone


def silent(what: str, done: float, total: float | None) -> None:
    pass


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's ResNet-18, written from its published state dict."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, width: int) -> None:
        shapes.update({f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn1", 64)
    for layer, width in ((1, 64), (2, 128), (3, 256), (4, 512)):
        for block in (0, 1):
            name = f"layer{layer}.{block}"
            narrow = width if layer == 1 or block else width // 2
            shapes[f"{name}.conv1.weight"] = (width, narrow, 3, 3)
            norm(f"{name}.bn1", width)
            shapes[f"{name}.conv2.weight"] = (width, width, 3, 3)
            norm(f"{name}.bn2", width)
            if layer > 1 and not block:
                shapes[f"{name}.downsample.0.weight"] = (width, narrow, 1, 1)
                norm(f"{name}.downsample.1", width)
    return {**shapes, "fc.weight": (1000, 512), "fc.bias": (1000,)}


@pytest.fixture(scope="module")
def lively() -> dict[str, Tensor]:
    """A state dict whose every number matters, norms as well."""
    torch.manual_seed(5)
    state = random_state()
    for name, value in state.items():
        if ".bn" in name or name.startswith("bn") or "downsample.1" in name:
            state[name] = torch.rand_like(value) + 0.5 if value.is_floating_point() else value
    return state


def test_names_shapes_and_parameters_are_torchvisions() -> None:
    network = ResNet18()
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == expected_shapes()
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_689_512


def test_folding_the_norms_changes_nothing(lively: dict[str, Tensor]) -> None:
    network = ResNet18()
    load(network, lively)
    network.eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        before = network.features(images)
        after = folded(network).features(images)
    assert before.shape == (2, 512)
    assert torch.allclose(before, after, rtol=1e-3, atol=1e-4 * float(before.abs().max()))


def test_normalisation_is_imagenets() -> None:
    frames = torch.full((1, 3, 64, 64), 255, dtype=torch.uint8)
    found = normalise(frames, 32)
    assert found.shape == (1, 3, 32, 32)
    assert found[0, :, 9, 9].tolist() == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])


def test_random_weights_are_the_same_everywhere_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    first = digest(random_state())
    torch.manual_seed(2)
    assert digest(random_state()) == first
    network, name = frozen(Backbone(weights="random"), Path("unused"), silent)
    assert name == first and not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_from_a_file(tmp_path: Path, lively: dict[str, Tensor], suffix: str) -> None:
    path = tmp_path / f"resnet18{suffix}"
    torch.save(lively, path) if suffix == ".pth" else save_file(lively, path)
    network, name = frozen(Backbone(weights="file", file=str(path)), tmp_path, silent)
    assert torch.equal(network.state_dict()["layer3.0.bn2.running_var"], lively["layer3.0.bn2.running_var"])
    assert name == digest(lively)


def test_a_class_layer_of_another_size_or_none_is_welcome(lively: dict[str, Tensor]) -> None:
    load(ResNet18(), {**lively, "fc.weight": torch.zeros(7, 512), "fc.bias": torch.zeros(7)})
    load(ResNet18(), {name: value for name, value in lively.items() if not name.startswith("fc.")})
    load(ResNet18(), {name: value for name, value in lively.items() if "num_batches" not in name})


def test_other_networks_are_refused_by_name(lively: dict[str, Tensor]) -> None:
    without = {name: value for name, value in lively.items() if "layer4" not in name}
    with pytest.raises(ValueError, match=r"lacks layer4\.0\.bn1\.bias, .* and 22 more: it is not of a ResNet-18"):
        load(ResNet18(), without)
    with pytest.raises(ValueError, match=r"has unknown layer1\.2\.conv1\.weight"):
        load(ResNet18(), {**lively, "layer1.2.conv1.weight": torch.zeros(64, 64, 3, 3)})
    with pytest.raises(ValueError, match=r"has other shapes for conv1\.weight"):
        load(ResNet18(), {**lively, "conv1.weight": torch.zeros(64, 3, 3, 3)})


def test_unreadable_files_are_errors_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.pth is not there: give the path"):
        read(tmp_path / "nowhere.pth", "")
    (tmp_path / "torn.pth").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"torn\.pth: not a readable state dict"):
        read(tmp_path / "torn.pth", "")
    with pytest.raises(ValueError, match=r"its sha256 is .*, not 12345678: get the file again"):
        read(tmp_path / "torn.pth", "12345678")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match=r"list\.pth: holds list, not a state dict"):
        read(tmp_path / "list.pth", "")


def test_a_file_that_would_run_code_is_not_run(tmp_path: Path) -> None:
    torch.save({"conv1.weight": Path("x")}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match=r"evil\.pth: not a readable state dict"):
        read(tmp_path / "evil.pth", "")


def test_weights_from_a_url_are_checked_and_kept(tmp_path: Path) -> None:
    source = tmp_path / "weights.pth"
    source.write_bytes(b"w" * 600_000)
    checksum = hashlib.sha256(source.read_bytes()).hexdigest()
    seen: list[tuple[float, float | None]] = []
    path = fetch(
        source.as_uri(), checksum[:8], tmp_path / "cache", lambda what, done, total: seen.append((done, total))
    )
    assert path.read_bytes() == source.read_bytes()
    assert seen[-1] == (600_000, 600_000) and len(seen) > 1
    source.unlink()
    assert fetch(source.as_uri(), checksum[:8], tmp_path / "cache", silent) == path, "from the cache"


def test_a_wrong_checksum_keeps_nothing(tmp_path: Path) -> None:
    source = tmp_path / "weights.pth"
    source.write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"what came has sha256 .*, not 00000000: correct"):
        fetch(source.as_uri(), "00000000", tmp_path / "cache", silent)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_url_that_cannot_be_reached_names_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be loaded .*backbone\.weights = \"file\".*\"random\""):
        fetch((tmp_path / "nothing").as_uri(), "00000000", tmp_path / "cache", silent)
    with pytest.raises(ValueError, match="is not a URL"):
        fetch("weights.pth", "00000000", tmp_path / "cache", silent)
