"""Opened data: splits, what is stored, shards beside rendering, what is refused."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.schema import ConfigError, Source, build
from trainer.tasks.trajectories.data import parameters, views
from trainer.tasks.trajectories.data.motion import FRAMES, motions, positions
from trainer.tasks.trajectories.data.parameters import Parameters, duplicates
from trainer.tasks.trajectories.data.settings import CLASSES, SPLITS, Data
from trainer.tasks.trajectories.data.views import Sharded, Views, open_views

SMALL = Data(train=40, val=8, test=12)


def silent(what: str, done: float, total: float | None) -> None:
    pass


def opened(data: Data, root: Path, seed: int = 0) -> Views:
    return open_views(data, seed, root, silent)


def test_splits_follow_each_other_and_are_balanced(tmp_path: Path) -> None:
    found = opened(SMALL, tmp_path)
    whole = motions(0, np.arange(60), SMALL.difficulty)
    at = 0
    for split in SPLITS:
        count = len(found.labels(split))
        rows = np.arange(count)
        assert np.bincount(found.labels(split)).tolist() == [count // 4] * len(CLASSES)
        assert (found.motions(split, rows) == whole[at : at + count]).all()
        places = positions(whole[at : at + count])
        assert (found.targets(split) == places[:, FRAMES]).all()
        assert (found.positions(split, rows) == places[:, :FRAMES]).all()
        at += count
    assert found.labels("val").dtype == np.int64 and found.targets("test").shape == (12, 3)


@settings(max_examples=30)
@given(st.integers(0, 2**63), st.lists(st.integers(0, 7), min_size=1, max_size=8))
def test_any_rows_in_any_order_are_those_rows(seed: int, rows: list[int]) -> None:
    found = open_views(SMALL, seed, Path("/nowhere"), silent, limit=8)
    drawn = found.draw("train", np.array(rows)).copy()
    for place, row in enumerate(rows):
        assert (found.draw("train", np.array([row]))[0] == drawn[place]).all()


def test_other_sizes_do_not_change_a_sample(tmp_path: Path) -> None:
    few, more = opened(SMALL, tmp_path), opened(replace(SMALL, train=48, val=4), tmp_path)
    rows = np.arange(40)
    assert (few.motions("train", rows) == more.motions("train", rows)).all()
    assert few.identity != more.identity


def test_identity_tells_seed_preset_and_keys_apart(tmp_path: Path) -> None:
    changes: list[dict] = [{}, {"preset": "hard"}, {"noise": 3}, {"noise": 4}, {"seed": 1}]
    kinds = [replace(SMALL, **change) for change in changes]
    assert len({opened(kind, tmp_path).identity for kind in kinds}) == len(kinds)
    assert opened(replace(SMALL, noise=0), tmp_path).identity == opened(SMALL, tmp_path).identity
    assert opened(replace(SMALL, seed=1), tmp_path).identity == opened(SMALL, tmp_path, seed=1).identity


def test_what_is_stored_is_small_named_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(SMALL, tmp_path)
    folder = tmp_path / found.identity
    assert (folder / parameters.NAME).stat().st_size < 60 * 500
    manifest = json.loads((folder / parameters.MANIFEST).read_text())
    assert (manifest["samples"], manifest["seed"], manifest["rules"], manifest["difficulty"]["arc"]) == (60, 0, 1, 1.0)
    monkeypatch.setattr(parameters, "_make", None)
    again = opened(SMALL, tmp_path)
    assert (again.targets("val") == found.targets("val")).all()


@pytest.mark.parametrize("name", [parameters.NAME, parameters.MANIFEST])
@pytest.mark.parametrize("damage", [b"", b"{}", b"\x93NUMPY nonsense", None])
def test_damaged_parameters_are_made_again(tmp_path: Path, name: str, damage: bytes | None) -> None:
    found = opened(SMALL, tmp_path)
    path = tmp_path / found.identity / name
    before = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    assert (opened(SMALL, tmp_path).targets("test") == found.targets("test")).all()
    assert path.read_bytes() == before


def test_twins_are_counted_and_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Parameters.of(0, np.arange(60), SMALL.difficulty)
    assert duplicates(honest) == 0
    honest.motions[50] = honest.motions[3]
    assert duplicates(honest) == 1
    monkeypatch.setattr(parameters, "_make", lambda data, seed, report: honest)
    with pytest.raises(ValueError, match="1 samples of field-seed0-60-rules1 have the parameters of another: take"):
        opened(SMALL, tmp_path)


@pytest.mark.parametrize(
    "kind",
    [{}, {"plain": True}, {"preset": "hard"}, {"occlusion": 0.3, "jitter": 1.0}],
    ids=["packed", "plain", "hard", "plates"],
)
def test_shards_hold_the_pixels_that_are_drawn(tmp_path: Path, kind: dict) -> None:
    data = Data(train=72, val=8, test=4, **kind)
    drawn, read = opened(data, tmp_path), opened(replace(data, source="shards"), tmp_path)
    assert isinstance(read, Sharded) and read.identity == drawn.identity
    for split, rows in (("train", np.array([71, 0, 5, 5])), ("val", np.arange(8)), ("test", np.array([3]))):
        assert (read.draw(split, rows) == drawn.draw(split, rows)).all()
    first = read.draw("train", np.array([1]))
    kept = first.copy()
    read.draw("train", np.array([2])), read.draw("train", np.array([3]))
    assert (first == kept).all()
    assert (read.shards.all("label")[72:80] == drawn.labels("val")).all()
    assert (read.shards.all("target")[80:] == drawn.targets("test")).all()
    packed = read.shards.size() / 84 < 60_000
    assert packed == (kind in ({}, {"occlusion": 0.3, "jitter": 1.0}))


def test_a_trial_is_small_and_leaves_nothing(tmp_path: Path) -> None:
    found = open_views(Data(source="shards"), 0, tmp_path, silent, limit=10)
    assert [len(found.labels(split)) for split in SPLITS] == [8, 8, 8]
    assert list(tmp_path.iterdir()) == []
    assert found.draw("val", np.arange(2)).max() == 255


def problems(**table: object) -> str:
    with pytest.raises(ConfigError) as caught:
        build(Data, table, Source("own.toml"), "data")
    return str(caught.value)


def test_bad_values_are_refused_with_the_mend() -> None:
    assert "data.train: 10 is not a multiple of 4" in problems(train=10) and "8 or 12" in problems(train=10)
    assert "data.noise: 300 is out of range — at least 0 and at most 96" in problems(noise=300)
    assert "data.pitch: 0.01 is out of range" in problems(pitch=0.01)
    assert "did you mean 'render'?" in problems(source="rendered")
    assert "data.ark: unknown key — did you mean 'arc'?" in problems(ark=1)


def test_the_settings_need_neither_torch_nor_numpy() -> None:
    code = "import sys; import trainer.tasks.trajectories.data.settings; print({'numpy', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_classes_are_named_once() -> None:
    assert views.CLASSES is CLASSES and CLASSES == ("linear", "circular", "helical", "parabolic")
