"""The frozen backbone's weights: from a file, from a URL with a checksum, or random where none can be had."""

import hashlib
import math
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from trainer.data.records import held
from trainer.models.resnet import BasicBlock
from trainer.models.weights import checksum, load, read
from trainer.tasks import Report
from trainer.tasks.persistence.models.resnet import ResNet18
from trainer.tasks.persistence.settings import Backbone

_RANDOM_SEED = 18  # random weights are the same for every seed of a run, so that their features can be shared


def frozen(settings: Backbone, cache: Path, report: Report) -> tuple[ResNet18, str]:
    """The backbone ready to be read from, and a name for its weights that changes when they do."""
    network = ResNet18()
    if settings.weights == "random":
        state = random_state()
    else:
        path = Path(settings.file).expanduser()
        if settings.weights == "url":
            path = fetch(settings.url, settings.sha256, cache, report)
        state = read(path, settings.sha256)
    load(network, state)
    return network.eval().requires_grad_(False), digest(state)


def random_state() -> dict[str, Tensor]:
    """Weights as a network has them before any training, from a generator of their own."""
    generator = torch.Generator().manual_seed(_RANDOM_SEED)
    state = ResNet18().state_dict()
    for name, value in state.items():
        if value.ndim == 4:  # He's rule over outputs, as torchvision initialises ResNets
            deviation = math.sqrt(2 / (value.shape[0] * value.shape[2] * value.shape[3]))
            state[name] = torch.randn(value.shape, generator=generator) * deviation
        elif name.startswith("fc."):
            state[name] = torch.zeros_like(value)
    return state


def digest(state: Mapping[str, Tensor]) -> str:
    """A short checksum of all weights."""
    found = hashlib.sha256()
    for name in sorted(state):
        found.update(name.encode())
        found.update(state[name].detach().cpu().contiguous().numpy().data)
    return found.hexdigest()[:16]


def fetch(url: str, sha256: str, cache: Path, report: Report) -> Path:
    """The file behind the URL, from the cache when it is there; nothing is kept whose checksum is wrong."""
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{sha256.lower()}{Path(url).suffix or '.pth'}"
    with held(cache, report):
        if path.is_file() and checksum(path).startswith(sha256.lower()):
            return path
        partial = path.with_suffix(".part")
        try:
            _download(url, partial, report)
            found = checksum(partial)
            if not found.startswith(sha256.lower()):
                raise ValueError(
                    f"{url}: what came has sha256 {found}, not {sha256}: correct backbone.url or backbone.sha256"
                )
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return path


def folded(network: ResNet18) -> ResNet18:
    """The same function with every normalisation folded into the convolution before it: twice as fast on a CPU."""
    _fold(network, "conv1", "bn1")
    for block in (module for module in network.modules() if isinstance(module, BasicBlock)):
        _fold(block, "conv1", "bn1")
        _fold(block, "conv2", "bn2")
        if isinstance(block.downsample, nn.Sequential):
            conv, norm = block.downsample
            assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            block.downsample = fuse_conv_bn_eval(conv, norm)
    return network


def _fold(owner: nn.Module, convolution: str, norm: str) -> None:
    conv, batch_norm = getattr(owner, convolution), getattr(owner, norm)
    setattr(owner, convolution, fuse_conv_bn_eval(conv, batch_norm))
    setattr(owner, norm, nn.Identity())


def _download(url: str, path: Path, report: Report) -> None:
    if not url.startswith(("https://", "http://", "file://")):
        raise ValueError(f"backbone.url: {url!r} is not a URL: it begins with https://")
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, path.open("wb") as file:  # noqa: S310  scheme is checked
            total = float(answer.headers.get("Content-Length") or 0) or None
            done = 0
            while block := answer.read(1 << 18):
                file.write(block)
                done += len(block)
                report("weights of the backbone (bytes)", done, total)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ValueError(
            f'{url}: cannot be loaded ({error}): put the file on this host and say backbone.weights = "file", '
            'or say "random" and live with features that are not pre-trained'
        ) from error
