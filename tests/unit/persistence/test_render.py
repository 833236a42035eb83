"""Pixels and coverage: the recorded bytes, and a slow, plain drawing to compare with."""

import hashlib

import numpy as np
import pytest

from trainer.tasks.persistence.data.render import CELL, GRID, PERSISTENT_BIT, TRANSIENT_BIT, Renderer, coverage
from trainer.tasks.persistence.data.scene import FRAMES, LAYERS, RADIUS, SIDE, TRANSIENT, X, Y, scenes

SEEN = {"v1": "6d58da431d7efc3e594f152308f9d573", "v2": "279ad24500ff55747d17bb7ddfc03341"}


@pytest.mark.parametrize("labelling", ["v1", "v2"])
def test_clips_are_the_recorded_ones_on_every_machine(labelling: str) -> None:
    pixels, cells = Renderer(100).draw(scenes(11, np.arange(100), labelling))
    assert hashlib.sha256(pixels.tobytes() + cells.tobytes()).hexdigest()[:32] == SEEN[labelling]


def test_coverage_is_what_is_visible_pixel_by_pixel() -> None:
    some = scenes(1, np.arange(6), "v1")
    pixels, cells = Renderer(6).draw(some)
    y, x = np.mgrid[:SIDE, :SIDE]
    for clip in range(6):
        for frame in range(FRAMES):
            mark = np.zeros((SIDE, SIDE), dtype=int)
            for layer in range(LAYERS):
                sphere = some.layers[clip, layer, frame].astype(int)
                radius = sphere[RADIUS]
                if radius:
                    disc = (x - sphere[X]) ** 2 + (y - sphere[Y]) ** 2 <= radius**2 + radius // 2
                    mark[disc] = 2 if layer == TRANSIENT else 1
            tiles = mark.reshape(GRID, CELL, GRID, CELL)
            assert (cells[clip, 0, frame] == (tiles == 1).sum((1, 3))).all()
            assert (cells[clip, 1, frame] == (tiles == 2).sum((1, 3))).all()
            assert ((pixels[clip, frame, 0] > 0) == (mark > 0)).all()
            white = pixels[clip, frame, 1] == pixels[clip, frame, 0]
            assert (white | (mark == 2)).all(), "persistent spheres and the ground have no colour in v1"


def test_a_full_cell_is_counted_whole() -> None:
    marks = np.full((1, FRAMES, SIDE, SIDE), PERSISTENT_BIT, dtype=np.uint8)
    marks[:, 3] = TRANSIENT_BIT
    found = coverage(marks)
    assert (found[0, 0, 0] == 64).all() and (found[0, 1, 3] == 64).all()
    assert found[0, 0, 3].sum() == 0


def test_erasing_takes_one_kind_away_and_uncovers_what_it_hid() -> None:
    some = scenes(9, np.arange(40), "v1")
    renderer = Renderer(40, ring=4)
    _, whole = renderer.draw(some)
    without_transient, cells = renderer.draw(some, "transient")
    assert cells[:, 1].sum() == 0 and cells[:, 0].sum() >= whole[:, 0].sum()
    assert (without_transient[:, :, 0] == without_transient[:, :, 1]).all(), "no red is left"
    without_persistent, cells = renderer.draw(some, "persistent")
    assert cells[:, 0].sum() == 0 and (cells[:, 1] == whole[:, 1]).all()
    empty = ~(some.transient > 0)
    assert without_persistent.sum((2, 3, 4))[empty].sum() == 0


def test_a_clip_does_not_depend_on_its_company_nor_on_what_was_drawn_before() -> None:
    some = scenes(2, np.arange(20), "v2")
    renderer = Renderer(20)
    together = [part.copy() for part in renderer.draw(some)]
    for index in (7, 3):
        alone = renderer.draw(some[slice(index, index + 1)])
        for one, many in zip(alone, together, strict=True):
            assert (one[0] == many[index]).all()


def test_what_was_drawn_holds_for_two_more_calls() -> None:
    renderer = Renderer(4)
    first, _ = renderer.draw(scenes(0, np.arange(4), "v1"))
    kept = first.copy()
    renderer.draw(scenes(1, np.arange(4), "v1"))
    renderer.draw(scenes(2, np.arange(4), "v1"))
    assert (first == kept).all()
    renderer.draw(scenes(3, np.arange(4), "v1"))
    assert not (first == kept).all()
