"""Frozen features: computed once, kept under what they were computed from."""

from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.models.weights import load
from trainer.tasks.persistence.data.clips import Clips
from trainer.tasks.persistence.features import Features
from trainer.tasks.persistence.models.resnet import ResNet18, normalise
from trainer.tasks.persistence.models.weights import random_state
from trainer.tasks.persistence.settings import Backbone, Data
from trainer.tasks.persistence.task import open_clips

RANDOM = Backbone(weights="random", image=32, device="cpu")


def silent(what: str, done: float, total: float | None) -> None:
    pass


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    return open_clips(Data(train=6, val=4, test=2), 0, tmp_path, silent)


def test_features_are_those_of_the_plain_network_frame_by_frame(tmp_path: Path, clips: Clips) -> None:
    features = Features(clips, RANDOM, tmp_path / "features")
    features.prepare("val", silent)
    found, cells = features.take("val", np.array([3, 0]))
    network = ResNet18()
    load(network, random_state())
    pixels, wanted_cells = clips.draw("val", np.array([3, 0]))
    with torch.inference_mode():
        wanted = network.eval().features(normalise(torch.from_numpy(pixels).flatten(0, 1), 32)).view(2, 16, 512).numpy()
    assert np.abs(found - wanted).max() < 1e-3 * np.abs(wanted).max()
    assert (cells == wanted_cells).all()


def test_erased_clips_have_features_of_their_own(tmp_path: Path, clips: Clips) -> None:
    features = Features(clips, RANDOM, tmp_path / "features")
    features.prepare("val", silent)
    features.prepare("val", silent, "persistent", 2)
    whole, _ = features.take("val", np.arange(2))
    erased, cells = features.take("val", np.arange(2), "persistent")
    assert cells[:, 0].sum() == 0 and not np.allclose(whole, erased)
    empty = cells.sum((1, 3, 4)) == 0
    assert np.ptp(erased[empty], axis=0).max() == 0, "all empty frames are alike"


def test_the_cache_is_found_again_and_only_by_what_made_it(tmp_path: Path, clips: Clips) -> None:
    Features(clips, RANDOM, tmp_path / "features").prepare("val", silent)
    said: list[str] = []

    def listen(what: str, done: float, total: float | None) -> None:
        said.append(what)

    Features(clips, RANDOM, tmp_path / "features").prepare("val", listen)
    assert said == []
    Features(clips, Backbone(weights="random", image=40, device="cpu"), tmp_path / "features").prepare("val", listen)
    assert set(said) == {"random features of 4 clips (val)"}
    said.clear()
    other = open_clips(Data(train=6, val=4, test=2), 1, tmp_path, silent)
    Features(other, RANDOM, tmp_path / "features").prepare("val", listen)
    assert said


def test_statistics_are_over_the_frames_that_are_trained_on(tmp_path: Path, clips: Clips) -> None:
    features = Features(clips, RANDOM, tmp_path / "features")
    features.prepare("train", silent)
    mean, deviation = features.statistics()
    flat = torch.from_numpy(features.take("train", np.arange(6))[0]).flatten(0, 1).double()
    assert torch.allclose(mean.double(), flat.mean(0), rtol=1e-4)
    assert torch.allclose(deviation.double(), flat.std(0, correction=0), rtol=1e-3, atol=1e-6)
