"""Parameters and positions: a function of seed and index, the same bits everywhere, each class told from the others."""

import hashlib
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.trajectories.data.motion import (
    CIRCULAR,
    FRAMES,
    HELICAL,
    LINEAR,
    PARABOLIC,
    SIDE,
    labels,
    motions,
    positions,
)
from trainer.tasks.trajectories.data.settings import PRESETS, Difficulty
from trainer.tasks.trajectories.data.sine import cos_sin

HARDEST = Difficulty(noise=96, clutter=3, occlusion=0.5, jitter=2.0, arc=0.25, pitch=0.1, bend=0.08)
EASIEST = Difficulty(noise=0, clutter=0, occlusion=0.0, jitter=0.0, arc=1.5, pitch=0.6, bend=0.4)
ALL = {**PRESETS, "hardest": HARDEST, "easiest": EASIEST}
SEEN = {"field": "da41773247d1f317edcb3082db665e18", "hard": "df1ab7b9c4465314643cab0be2be68a7"}
DIGEST = """
import hashlib, sys
import numpy as np
from trainer.tasks.trajectories.data.motion import motions, positions
from trainer.tasks.trajectories.data.settings import PRESETS
found = motions(11, np.arange(100), PRESETS[sys.argv[1]])
print(hashlib.sha256(found.tobytes() + positions(found).tobytes()).hexdigest()[:32])
"""

seeds, indices = st.integers(0, 2**64 - 1), st.lists(st.integers(0, 2**40), min_size=1, max_size=6)
kinds = st.sampled_from(sorted(ALL))


@pytest.mark.parametrize("preset", ["field", "hard"])
def test_motions_are_the_recorded_ones_on_every_machine(preset: str) -> None:
    found = motions(11, np.arange(100), PRESETS[preset])
    assert hashlib.sha256(found.tobytes() + positions(found).tobytes()).hexdigest()[:32] == SEEN[preset]


def test_another_process_with_other_hashes_and_threads_agrees() -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    # Other code paths of numpy as well: without the instructions that it otherwise picks on this processor.
    environment["NPY_DISABLE_CPU_FEATURES"] = "X86_V3 X86_V4 AVX2 FMA3 AVX512F"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIGEST, "field"], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == SEEN["field"], done.stderr


@given(seeds, indices, kinds)
def test_one_alone_is_the_one_among_others(seed: int, index: list[int], kind: str) -> None:
    together = motions(seed, np.array(index), ALL[kind])
    for place, number in enumerate(index):
        alone = motions(seed, np.array([number]), ALL[kind])
        assert alone[0] == together[place]
        assert (positions(alone)[0] == positions(together)[place]).all()


@given(seeds, st.integers(0, 2**40), kinds)
def test_everything_stays_in_the_box(seed: int, index: int, kind: str) -> None:
    found = motions(seed, np.arange(index, index + 40), ALL[kind])
    places = positions(found)
    assert places.shape == (40, FRAMES + 1, 3) and places.dtype == np.float32
    assert np.isfinite(places).all() and np.abs(places).max() <= SIDE + 1e-6


@given(seeds, st.integers(0, 2**38))
def test_every_four_have_all_classes(seed: int, block: int) -> None:
    assert sorted(labels(seed, 4 * block + np.arange(4)).tolist()) == [0, 1, 2, 3]


def test_the_order_within_four_is_open() -> None:
    first = labels(0, np.arange(0, 4_000, 4))
    assert np.bincount(first, minlength=4).min() > 200


def told(places: np.ndarray) -> int:
    """The class by plain geometry: does it turn seen from above, does it rise, does it fall ever faster?"""
    time = np.linspace(-1, 1, len(places))
    curve = [abs(np.polyfit(time, places[:, axis], 2)) for axis in range(3)]
    turns = np.hypot(curve[0][0], curve[1][0]) > 0.01
    if turns:
        return HELICAL if curve[2][1] > 0.02 else CIRCULAR
    return PARABOLIC if curve[2][0] > 0.02 else LINEAR


@pytest.mark.parametrize("kind", ["hard", "hardest"])
def test_plain_geometry_tells_every_class_even_at_the_hard_end_of_the_ranges(kind: str) -> None:
    found = motions(5, np.arange(1_000), ALL[kind])
    assert [told(one) for one in positions(found, 0, FRAMES)] == found["label"].tolist()


@pytest.mark.parametrize("kind", sorted(ALL))
def test_circles_stay_level_and_helices_rise_as_far_as_they_should(kind: str) -> None:
    found = motions(5, np.arange(1_000), ALL[kind])
    depth = np.ptp(positions(found)[..., 2], axis=1)
    assert (depth[found["label"] == CIRCULAR] == 0).all()
    assert depth[found["label"] == HELICAL].min() >= ALL[kind].pitch * 0.999


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_cosine_and_sine_are_those_of_the_library(turns: float) -> None:
    cosine, sine = cos_sin(np.array([turns]))
    angle = 2 * math.pi * (turns - math.floor(turns))
    assert abs(cosine[0] - math.cos(angle)) < 1e-12 and abs(sine[0] - math.sin(angle)) < 1e-12


def test_the_published_figures_of_the_field_come_out() -> None:
    """Train mean 0.1156, repeat last 2.8e-3, linear 2.3e-4, quadratic 2.5e-5."""
    places = positions(motions(0, np.arange(10_000), PRESETS["field"])).astype(np.float64)
    target, before = places[:, FRAMES], places[:, FRAMES - 1 :: -1]
    errors = [
        target - target.mean(0),
        target - before[:, 0],
        target - 2 * before[:, 0] + before[:, 1],
        target - 3 * before[:, 0] + 3 * before[:, 1] - before[:, 2],
    ]
    for error, published in zip(errors, (0.1156, 2.8e-3, 2.3e-4, 2.5e-5), strict=True):
        assert (error**2).mean() == pytest.approx(published, rel=0.08)
