"""The largest batch that fits: found by trying, with real memory limits, and said in words."""

import json
import sys
from pathlib import Path

import pytest
import tiny_task
import torch
from tiny_runs import BASE, Tiny

from trainer.cli import main
from trainer.probing import Tried, conclusion, probe

PER_SAMPLE = 8 << 20  # bytes that the hungry loss takes for each


@pytest.fixture
def hungry(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """A loss that takes eight megabytes for every sample."""
    real = tiny_task.TinyTask.loss

    def loss(self, model: object, batch: tuple[torch.Tensor, torch.Tensor]) -> object:
        taken = torch.empty(len(batch[1]) * PER_SAMPLE, dtype=torch.uint8)
        found = real(self, model, batch)
        assert len(taken)
        return found

    monkeypatch.setattr(tiny_task.TinyTask, "loss", loss)
    return tiny


def test_the_largest_batch_that_fits_is_found_within_a_tenth(hungry: Tiny) -> None:
    found = probe(hungry.config(), lambda tried: None, limit=60, memory=400 << 20)
    fits = max(item.batch for item in found if item.fits)
    fails = min(item.batch for item in found if not item.fits)
    assert fits < fails <= fits * 1.1 + 1
    assert 15 < fits < 100  # 50 fill the limit; a process that has freed memory lying about fits some more
    assert [item.batch for item in found[:3]] == [4, 8, 16]
    assert all(item.samples_per_s and item.peak for item in found if item.fits)


def test_another_error_is_raised_and_not_taken_for_a_lack_of_memory(tiny: Tiny) -> None:
    with pytest.raises(RuntimeError, match="spiral"):
        probe(tiny.config("loss.raise_at=1"), lambda tried: None, limit=20)


def test_the_command_says_sizes_and_what_they_gain(
    hungry: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(BASE)
    assert main(["check", str(path), "--probe-batch", "--memory", "0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["largest"] == max(item["batch"] for item in found["tried"] if item["fits"]) and found["conclusion"]
    monkeypatch.setattr(sys.modules[__name__], "PER_SAMPLE", 1 << 29)  # more than this process has lying about
    assert main(["check", str(path), "--probe-batch", "--memory", "0.000001"]) == 1
    assert "does not fit" in capsys.readouterr().out


def test_conclusions() -> None:
    sizes = [Tried(8, True, 50.0, 1), Tried(16, True, 90.0, 1), Tried(32, True, 100.0, 1), Tried(64, False, None, None)]
    assert "run.batch = 32 would be 2.00× as fast as 8" in conclusion(sizes, 8)
    assert "as fast as any" in conclusion(sizes, 32)
    assert "run.batch = 64 does not fit" in conclusion(sizes, 64)
    assert "then time was out" in conclusion(sizes[:2], 16)
    assert "not even the smallest" in conclusion([Tried(4, False, None, None)], 8)
