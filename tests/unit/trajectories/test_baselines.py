"""What the cameras see, and the figures that stand beside every comparison."""

from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.tasks.trajectories import baselines as own
from trainer.tasks.trajectories.baselines import baselines, extrapolations, frame_orders, shuffle
from trainer.tasks.trajectories.data.seen import middles, tracks
from trainer.tasks.trajectories.data.settings import Data
from trainer.tasks.trajectories.data.views import Views, open_views


def silent(what: str, done: float, total: float | None) -> None:
    pass


def opened(**data: object) -> Views:
    return open_views(Data(train=200, val=4, test=40, **data), 0, Path("/nowhere"), silent, limit=400)


def test_the_ball_is_found_to_a_fraction_of_a_pixel() -> None:
    views = opened()
    rows = np.arange(20)
    seen = middles(views.draw("test", rows), 0).swapaxes(1, 2)
    true = views.cameras.project(views.positions("test", rows))
    assert np.abs(seen - true).max() < 0.1
    assert np.abs(tracks(views, "test", silent)[:20] - views.positions("test", rows)).max() < 0.005


def test_dark_pictures_show_nothing_and_gaps_are_filled() -> None:
    assert np.isnan(middles(np.full((1, 64, 64), 40, dtype=np.uint8), 40)).all()
    hidden = opened(preset="hard", occlusion=0.5)
    places = tracks(hidden, "test", silent)
    assert np.isfinite(places).all()
    error = np.sqrt(((places - hidden.positions("test", np.arange(40))) ** 2).sum(-1))
    assert np.median(error) < 0.05


def test_extrapolations_fit_polynomials_of_their_degree() -> None:
    time = np.arange(33.0)
    curves = np.stack([np.full(33, 0.3), 0.1 * time, 0.01 * time**2])[:, :, None].repeat(3, 2).astype(np.float32)
    for row, exact in enumerate(("repeat last", "linear", "quadratic")):
        one = curves[row : row + 1]
        found = extrapolations(one[:, :32], one[:, 32], np.zeros(3, dtype=np.float32))
        assert found[exact].mse < 1e-8 and found[exact].accuracy is None
        weaker = ("train mean", "repeat last", "linear")[row]
        assert found[weaker].mse > 1e-5


def test_all_baselines_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_EPOCHS", 30)
    views = opened()
    before = torch.random.get_rng_state()
    found = baselines(views, silent)
    assert torch.equal(torch.random.get_rng_state(), before), "random numbers of others are left alone"
    error = {name: value.mse for name, value in found.items()}
    assert error["train mean"] > error["repeat last"] > error["linear"] > error["quadratic"] > 0
    for name in ("train mean", "repeat last", "linear"):
        assert error[name] == pytest.approx(error[f"{name} (true positions)"], rel=0.05)
    learned, shuffled = found["centroid MLP"], found["centroid MLP, shuffled frames"]
    assert learned.accuracy is not None and shuffled.accuracy is not None
    assert learned.accuracy > max(0.8, shuffled.accuracy) and learned.mse < shuffled.mse
    assert found["centroid MLP, from the last position"].mse < learned.mse
    assert baselines(views, silent) == found, "the same figures each time"


def test_shuffling_moves_whole_frames_and_each_sample_its_own_way() -> None:
    orders = frame_orders(5, "test")
    assert (np.sort(orders, 1) == np.arange(32)).all() and len({row.tobytes() for row in orders}) == 5
    assert (frame_orders(3, "test") == orders[:3]).all() and not (frame_orders(5, "val") == orders).all()
    pixels = np.arange(5 * 4 * 32 * 4).reshape(5, 4, 32, 2, 2)
    mixed = shuffle(pixels, orders, axis=2)
    for sample in range(5):
        assert (mixed[sample] == pixels[sample][:, orders[sample]]).all()
