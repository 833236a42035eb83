"""Scenes are a function of seed and index, and what the labels say is true of them."""

import hashlib

import numpy as np
import pytest

from trainer.data.draws import below, words
from trainer.tasks.persistence.data.clips import slices
from trainer.tasks.persistence.data.scene import COLOUR, FRAMES, RADIUS, RED, SIDE, SLOTS, TRANSIENT, WHITE, scenes

MANY = np.arange(4_000)
SEEN = {"v1": "42b888ee0fdf34b5e46b4defb46dbde1", "v2": "60c6422cc9f8fc3dbb4c88fa51c8dd5b"}


def digest(arrays) -> str:
    found = hashlib.sha256()
    for array in arrays.values():
        found.update(np.ascontiguousarray(array))
    return found.hexdigest()[:32]


def test_words_are_the_recorded_ones() -> None:
    found = [hex(int(word)) for word in words(7, np.array([0, 5]), 3, 2).reshape(-1)]
    assert found == ["0xbd16bc94ef33487c", "0x1ae4831b2eb9bfa4", "0xf04054d026d770aa", "0x823e2185c7973a1d"]


def test_below_reaches_every_number_and_no_other() -> None:
    drawn = below(words(1, MANY, 0, 1)[:, 0], 7)
    assert sorted(set(drawn.tolist())) == list(range(7))
    assert np.bincount(drawn).min() > 480


@pytest.mark.parametrize("labelling", ["v1", "v2"])
def test_scenes_are_the_recorded_ones_on_every_machine(labelling: str) -> None:
    assert digest(scenes(11, np.arange(100), labelling).arrays()) == SEEN[labelling]


def test_a_scene_alone_is_the_scene_among_others() -> None:
    together = scenes(3, np.arange(50), "v1")
    for index in (0, 17, 49):
        alone = scenes(3, np.array([index]), "v1")
        assert digest(alone.arrays()) == digest(together[np.array([index])].arrays())


def test_seeds_give_different_scenes_and_no_scene_comes_twice() -> None:
    first, second = scenes(0, MANY, "v1"), scenes(1, MANY, "v1")
    rows = {row.tobytes() for part in (first, second) for row in part.layers.reshape(len(part), -1)}
    assert len(rows) == 2 * len(MANY)


def test_v1_labels_clips_by_the_share_of_frames_with_a_transient() -> None:
    found = scenes(0, MANY, "v1")
    share = found.transient_frames() / FRAMES
    assert ((share > 0.2) == found.label).all()
    assert found.transient_frames().min() >= 1, "every clip has a transient"
    both = found.layers[..., RADIUS] > 0
    assert (found.layers[:, :SLOTS][both[:, :SLOTS]][:, COLOUR] == WHITE).all()
    assert (found.layers[:, TRANSIENT][both[:, TRANSIENT]][:, COLOUR] == RED).all()


def test_v2_labels_clips_by_persistent_objects_and_neither_colour_nor_transients_tell() -> None:
    found = scenes(0, MANY, "v2")
    assert ((found.persistent_count() > 1) == found.label).all()
    assert abs(np.corrcoef(found.transient_frames(), found.label)[0, 1]) < 0.05
    there = found.layers[..., RADIUS] > 0
    for layers in (slice(0, SLOTS), slice(TRANSIENT, None)):
        colours = found.layers[:, layers][there[:, layers]][:, COLOUR]
        assert abs(colours.mean() - 0.5) < 0.03


@pytest.mark.parametrize("labelling", ["v1", "v2"])
def test_persistent_spheres_are_in_all_frames_and_transients_in_one_to_three(labelling: str) -> None:
    found = scenes(5, MANY, labelling)
    there = found.layers[..., RADIUS] > 0
    assert (there[:, :SLOTS].all(2) == there[:, :SLOTS].any(2)).all()
    assert (there[:, TRANSIENT] == (found.transient > 0)).all()
    for number in range(1, 10):
        frames = (found.transient == number).sum(1)
        assert frames.max() <= 3
    for row in found.transient[:300]:
        runs = [number for place, number in enumerate(row) if number and (place == 0 or row[place - 1] != number)]
        assert len(runs) == len(set(runs)), "each transient comes once, in one piece"


def test_spheres_are_wholly_inside() -> None:
    layers = scenes(2, MANY, "v1").layers.astype(int)
    there = layers[..., RADIUS] > 0
    for axis in (0, 1):
        place, radius = layers[..., axis][there], layers[..., RADIUS][there]
        assert (place >= radius).all() and (place + radius < SIDE).all()


@pytest.mark.parametrize("sizes", [(800, 100, 100), (60, 20, 2)])
def test_every_split_is_balanced(sizes: tuple[int, int, int]) -> None:
    found = scenes(4, np.arange(sum(sizes)), "v1")
    for where in slices(dict(zip(("train", "val", "test"), sizes, strict=True))).values():
        assert found.label[where].mean() == 0.5
