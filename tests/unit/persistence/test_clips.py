"""Clips from scenes and from shards are the same clips."""

from pathlib import Path

import numpy as np
import pytest

from trainer.tasks.persistence.data import clips as data_clips
from trainer.tasks.persistence.data.scene import scenes
from trainer.tasks.persistence.settings import Data
from trainer.tasks.persistence.task import open_clips

SMALL = Data(train=280, val=20, test=10)


def silent(what: str, done: float, total: float | None) -> None:
    pass


def test_scenes_are_stored_and_read_again(tmp_path: Path) -> None:
    said: list[str] = []
    made = data_clips.load_scenes(tmp_path, SMALL, 3, lambda what, done, total: said.append(what))
    assert said[0] == "scenes of 310 clips"
    said.clear()
    read = data_clips.load_scenes(tmp_path, SMALL, 3, lambda what, done, total: said.append(what))
    assert not said, "nothing is made again"
    assert (read.layers == made.layers).all()
    assert (made.layers == scenes(3, np.arange(310), "v1").layers).all()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no more", None])
def test_damaged_scenes_are_made_again(tmp_path: Path, damage: bytes | None) -> None:
    made = data_clips.load_scenes(tmp_path, SMALL, 3, silent)
    path = tmp_path / "scenes.npz"
    if damage is None:
        other = scenes(4, np.arange(310), "v1")
        np.savez_compressed(path, digest=np.zeros(32, dtype=np.uint8), **other.arrays())
    else:
        path.write_bytes(damage)
    assert (data_clips.load_scenes(tmp_path, SMALL, 3, silent).layers == made.layers).all()


def test_shards_hold_what_is_rendered(tmp_path: Path) -> None:
    rendered = open_clips(SMALL, 3, tmp_path, silent)
    sharded = open_clips(Data(source="shards", train=280, val=20, test=10), 3, tmp_path, silent)
    assert isinstance(sharded, data_clips.Sharded)
    for split, rows in (("train", [0, 279, 255, 256]), ("val", [19, 0]), ("test", [3])):
        assert (rendered.labels(split) == sharded.labels(split)).all()
        for erase in ("", "transient", "persistent"):
            one = [part.copy() for part in rendered.draw(split, np.array(rows), erase)]
            two = sharded.draw(split, np.array(rows), erase)
            assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert (
        sharded.shards.all("label") == np.concatenate([rendered.labels(split) for split in data_clips.SPLITS])
    ).all()


def test_the_seed_of_the_data_names_another_folder(tmp_path: Path) -> None:
    first, second = open_clips(SMALL, 3, tmp_path, silent), open_clips(SMALL, 4, tmp_path, silent)
    assert first.identity != second.identity
    assert not (first.draw("val", np.arange(5))[0] == second.draw("val", np.arange(5))[0]).all()
