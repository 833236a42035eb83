"""Projection and its reverse."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS, calibrated
from trainer.tasks.trajectories.data.motion import SIDE
from trainer.tasks.trajectories.data.scene import REACH

inside = st.floats(-SIDE, SIDE)


@given(st.tuples(inside, inside, inside))
def test_four_pictures_show_where_a_point_is(point: tuple[float, float, float]) -> None:
    cameras = calibrated()
    pixels = cameras.project(np.array(point))
    assert pixels.shape == (CAMERAS, 2)
    assert pixels.min() > REACH and pixels.max() < PIXELS - 1 - REACH, "the whole box is in every picture, balls whole"
    assert np.abs(cameras.triangulate(pixels) - point).max() < 1e-9


@given(st.tuples(inside, inside, inside), st.integers(0, CAMERAS - 1), st.integers(0, CAMERAS - 1))
def test_two_that_saw_it_are_enough(point: tuple[float, float, float], one: int, other: int) -> None:
    cameras = calibrated()
    pixels = cameras.project(np.array(point))
    blind = np.full_like(pixels, np.nan)
    blind[[one, other]] = pixels[[one, other]]
    found = cameras.triangulate(blind)
    assert np.isnan(found).all() if one == other else np.abs(found - point).max() < 1e-6


def test_up_in_the_world_is_up_in_every_picture_and_no_two_cameras_see_the_same() -> None:
    cameras = calibrated()
    low, high = cameras.project(np.array([[0.0, 0.0, -0.5], [0.0, 0.0, 0.5]]))
    assert (high[:, 1] < low[:, 1] - 10).all()
    side = cameras.project(np.array([0.5, 0.2, 0.1]))
    assert len({tuple(pixel) for pixel in side.round(3).tolist()}) == CAMERAS
