"""Pixels: the recorded bytes, a slow and plain drawing to compare with, and the same bytes from torch."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.tasks.trajectories.data import patches
from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS, calibrated
from trainer.tasks.trajectories.data.device import DeviceRenderer, DeviceScenes, render_on
from trainer.tasks.trajectories.data.motion import FRAMES, motions, positions
from trainer.tasks.trajectories.data.render import SHAPE, Buffers, Renderer, windows
from trainer.tasks.trajectories.data.scene import REACH, UNIT, Scenes, scenes
from trainer.tasks.trajectories.data.settings import PRESETS, Difficulty

SEEN = {"field": "764f3bd4404e94a9610064f395b72397", "hard": "8d93948eab771f5dc75202e639ca25c7"}
CPU = torch.device("cpu")
difficulties = st.builds(
    Difficulty,
    noise=st.sampled_from([0, 1, 40, 96]),
    clutter=st.integers(0, 3),
    occlusion=st.sampled_from([0.0, 0.2, 0.5]),
    jitter=st.sampled_from([0.0, 0.5, 2.0]),
    arc=st.just(0.5),
    pitch=st.just(0.2),
    bend=st.just(0.1),
)


def some(difficulty: Difficulty, index: np.ndarray, seed: int = 3) -> Scenes:
    return scenes(seed, index, positions(motions(seed, index, difficulty)), calibrated(), difficulty)


@pytest.mark.parametrize("preset", ["field", "hard"])
def test_pictures_are_the_recorded_ones_on_every_machine(preset: str) -> None:
    pixels = Renderer(8, PRESETS[preset]).draw(some(PRESETS[preset], np.arange(8), seed=11))
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:32] == SEEN[preset]


def plainly(scene: Scenes, difficulty: Difficulty, row: int, camera: int, frame: int) -> np.ndarray:
    """One picture, pixel by pixel: light of every ball, what the plate hides, noise."""
    y, x = np.mgrid[:PIXELS, :PIXELS]
    light = np.zeros((PIXELS, PIXELS), dtype=np.int64)
    for ball in range(1 + difficulty.clutter):
        at = scene.spots[row, ball, camera, frame].astype(int)
        away = (x * UNIT - at[0]) ** 2 + (y * UNIT - at[1]) ** 2
        edge = (REACH * UNIT + UNIT // 2 - 1) ** 2
        part = np.maximum(edge - away, 0) ** 2 // edge
        part = part**2 // edge * patches.brightness(difficulty, ball) // edge
        nearest = (at + UNIT // 2) // UNIT
        part[(np.abs(x - nearest[0]) > REACH) | (np.abs(y - nearest[1]) > REACH)] = 0
        light += part
    left, right, top, bottom = scene.plates[row, camera].astype(int)
    light[top:bottom, left:right] = 0
    if difficulty.noise:
        begin = 8 * int(scene.noise[row, camera, frame])
        light += patches.noise_tile(difficulty.noise)[begin : begin + PIXELS * PIXELS].reshape(PIXELS, PIXELS)
    return light


@settings(max_examples=25)
@given(difficulties, st.integers(0, 2**30))
def test_pictures_are_what_they_should_be_pixel_by_pixel_and_torch_agrees(difficulty: Difficulty, first: int) -> None:
    scene = some(difficulty, np.arange(first, first + 2))
    pixels = Renderer(2, difficulty).draw(scene)
    assert (render_on(CPU, scene, difficulty).numpy() == pixels).all()
    for row, camera, frame in ((0, first % CAMERAS, first % FRAMES), (1, 3, 31)):
        expected = plainly(scene, difficulty, row, camera, frame)
        assert expected.max() <= 255, "light adds up to no more than white"
        assert (pixels[row, camera, frame] == expected).all()


@settings(max_examples=25)
@given(st.sampled_from(["field", "hard"]), st.permutations(range(9)))
def test_a_sample_does_not_depend_on_its_company(preset: str, order: list[int]) -> None:
    difficulty = PRESETS[preset]
    scene = some(difficulty, np.arange(9))
    together = Renderer(9, difficulty).draw(scene)
    shuffled = Renderer(9, difficulty).draw(scene[np.array(order)])
    assert (shuffled == together[order]).all()
    alone = Renderer(9, difficulty).draw(some(difficulty, np.array([order[0]])))
    assert (alone[0] == together[order[0]]).all()


@pytest.mark.parametrize("preset", ["field", "hard"])
def test_what_was_drawn_holds_for_two_more_calls_and_leaves_no_trace(preset: str) -> None:
    difficulty = PRESETS[preset]
    renderer = Renderer(6, difficulty)
    parts = [some(difficulty, np.arange(first, first + 6)) for first in (0, 6, 12, 18)]
    fresh = [Renderer(6, difficulty).draw(part).copy() for part in parts]
    drawn = [renderer.draw(part) for part in parts[:3]]
    assert all((one == other).all() for one, other in zip(drawn, fresh[:3], strict=True))
    assert (renderer.draw(parts[3]) == fresh[3]).all()
    assert not (drawn[0] == fresh[0]).all(), "the fourth call uses the first one's buffer"
    few = renderer.draw(parts[0][slice(0, 1)])
    assert few.shape == (1, *SHAPE) and (few == fresh[0][:1]).all()


def test_windows_hold_all_that_is_not_black() -> None:
    difficulty = Difficulty(noise=0, clutter=0, occlusion=0.4, jitter=1.0, arc=1, pitch=0.5, bend=0.3)
    scene = some(difficulty, np.arange(5))
    buffers = Buffers(5)
    for part in (scene, scene[slice(1, 4)], scene):
        assert (buffers.unpack(*windows(part, difficulty)) == Renderer(5, difficulty).draw(part)).all()


def test_rows_that_lie_on_a_device_are_drawn_there() -> None:
    scene = some(PRESETS["hard"], np.arange(10))
    renderer, there = DeviceRenderer(PRESETS["hard"], CPU), DeviceScenes.of(scene, CPU)
    rows = torch.tensor([7, 0, 7])
    drawn = renderer.draw(there[rows])
    assert drawn.dtype == torch.uint8 and drawn.shape == (3, *SHAPE)
    assert (drawn.numpy() == Renderer(3, PRESETS["hard"]).draw(scene[rows.numpy()])).all()
