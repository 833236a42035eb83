"""`trainer data inspect`: figures about the clips, and a sheet to look at."""

from pathlib import Path

import pytest
from PIL import Image

from trainer.tasks.persistence.inspect import inspect
from trainer.tasks.persistence.settings import Data, Settings


@pytest.mark.parametrize("source", ["render", "shards"])
def test_counts_balance_coverage_and_a_sheet(tmp_path: Path, source: str) -> None:
    found = inspect(Settings(data=Data(source=source, train=40, val=20, test=0)), seed=0, root=tmp_path)
    assert found["train"]["clips"] == 40 and found["val"]["share of label 1"] == 0.5
    assert "test" not in found
    assert found["distinct scenes"] == 60 and found["left out"] == 0
    assert 0.01 < found["train"]["persistent pixels"] < 0.15
    assert 1 <= found["val"]["frames with a visible transient"] <= 9
    assert "damaged" not in found
    with Image.open(found["contact sheet"]) as sheet:
        assert sheet.size == (16 * 64 + 72, 16 * 68)
        assert sheet.getextrema()[0] == (0, 255)


def test_damaged_shards_are_named(tmp_path: Path) -> None:
    settings = Settings(data=Data(source="shards", train=4, val=2, test=0))
    assert inspect(settings, seed=0, root=tmp_path, verify=True)["damaged"] == []
    (shard,) = tmp_path.glob("persistence/*/shards/*.npy")
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    assert inspect(settings, seed=0, root=tmp_path, verify=True)["damaged"] == ["shard-00000.npy"]
