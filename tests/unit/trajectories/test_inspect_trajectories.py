"""`trainer data inspect`: figures about the samples, and a sheet to look at."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.tasks.trajectories.data.settings import Data
from trainer.tasks.trajectories.data.views import open_views
from trainer.tasks.trajectories.inspect import inspect_data, nearest_across, words_for

SMALL = {"train": 80, "val": 8, "test": 8}


@pytest.mark.parametrize("kind", [{}, {"preset": "hard"}, {"source": "shards"}], ids=["render", "hard", "shards"])
def test_counts_ranges_leaks_and_a_sheet(tmp_path: Path, kind: dict) -> None:
    found = inspect_data(Data(**SMALL, **kind), 0, tmp_path, verify=True)
    assert json.loads(json.dumps(found)) == found
    assert found["classes"]["train"] == {"linear": 20, "circular": 20, "helical": 20, "parabolic": 20}
    turns = found["parameters"]["circular and helical: turns"]
    assert 1 <= float(turns.split()[0]) / (0.35 if kind.get("preset") else 1.0) < 1.2
    assert found["leaks"]["duplicates"] == 0 and found["leaks"]["nearest across splits"] > 0.01
    if kind.get("source") == "shards":
        assert found["damaged"] == [] and len(found["checksum"]) == 64 and found["bytes"] > 96 * 46_000
    with Image.open(found["contact sheet"]) as sheet:
        assert sheet.size == (84 + 17 * 68 + 4, 16 + 4 * (4 * 68 + 12))
        assert sheet.getextrema()[0][1] > 200


def test_the_sheet_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sheet.png"
    assert inspect_data(Data(**SMALL), 0, tmp_path / "data", path, verify=False)["contact sheet"] == str(path)
    assert path.is_file()


def test_damaged_shards_are_named(tmp_path: Path) -> None:
    data = Data(source="shards", **SMALL)
    inspect_data(data, 0, tmp_path, verify=False)
    (shard,) = tmp_path.glob("*/shards/*.npy")
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    assert inspect_data(data, 0, tmp_path, verify=True)["damaged"] == ["shard-00000.npy"]
    assert "damaged" not in inspect_data(data, 0, tmp_path, verify=False)


def test_the_nearest_of_other_splits_is_found() -> None:
    views = open_views(Data(**SMALL), 0, Path("/nowhere"), lambda *_: None, limit=8)
    paths = {split: views.positions(split, np.arange(8)).astype(float) for split in ("train", "val", "test")}
    pairs = [("train", "val"), ("train", "test"), ("val", "test")]
    expected = min(
        np.sqrt(((paths[one][i] - paths[other][j]) ** 2).sum(-1).mean())
        for one, other in pairs
        for i in range(8)
        for j in range(8)
    )
    assert nearest_across(views) == pytest.approx(expected, rel=1e-6)


def test_histograms_in_words() -> None:
    even = np.linspace(1, 2, 1_000)
    assert words_for(even) == "1 to 2, middle half 1.25 to 1.75, even"
    assert words_for(even**6).endswith("most of them small")
    assert words_for(-(even**6)).endswith("most of them large")
    assert words_for(np.random.default_rng(0).normal(size=1_000)).endswith("most in the middle")
    assert words_for(np.ones(5)) == "1 always"
