"""The whole task as the loop drives it: a short training, an interruption, and what comes of them."""

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from trainer import config as configuration
from trainer import session
from trainer.build import inspect_data
from trainer.checkpoint import Checkpoints, fingerprint
from trainer.cli import main
from trainer.config import load, presets
from trainer.keepsake import pack, unpack
from trainer.record import RunReader
from trainer.tasks.images.measures import Said, measure
from trainer.tasks.images.settings import METRICS, Data, Settings
from trainer.tasks.images.task import ImagesTask, normalised

CPU = torch.device("cpu")
SMALL = """
task = "images"
[run]
epochs = 2
batch = 8
threads = 1
log_every = 1
device = "cpu"
prefetch = 1
validate_first = false
[optim]
kind = "sgd"
lr = 0.01
weight_decay = 1e-4
[checkpoint]
keep_best = 2
best_metric = "val_top1"
[data]
classes = 3
made_train = 8
made_val = 2
side = 32
[loss]
smoothing = 0.1
"""


def silent(what: str, done: float, total: float | None) -> None:
    pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def config_of(root: Path, *overrides: str) -> configuration.Config:
    return configuration.parse(SMALL, "small.toml", [f'run.data="{root}"', *overrides], name="small")


def run(root: Path, folder: Path, *overrides: str, resume: bool = False) -> int:
    return session.run(config_of(root, *overrides), folder, resume=resume, since=time.time())


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def weights(folder: Path) -> str:
    found = Checkpoints(folder).load(CPU)
    assert found is not None
    return fingerprint(found[0]["model"])


def test_a_run_that_was_interrupted_in_an_epoch_ends_with_the_same_bits(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "whole") == 0
    assert run(root, tmp_path / "parted", "run.steps=2", "run.prefetch=0") == 0
    assert run(root, tmp_path / "parted", resume=True) == 0
    assert weights(tmp_path / "parted") == weights(tmp_path / "whole")
    last = RunReader(tmp_path / "whole").metrics()[-1]
    assert (
        {"val_loss", "val_top1", "val_top5"} <= set(last) <= set(METRICS) | {"t", "step", "epoch", "phase", "seconds"}
    )
    picture = size_of(tmp_path / "whole" / "figures" / "images.png")
    assert picture[0] == 1500
    status = RunReader(tmp_path / "whole").status()
    assert status is not None and status.state == "finished" and "generated images" in status.notes


def test_a_trial_and_an_evaluation_of_images(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "mine.toml"
    spec.write_text(SMALL)
    folder = tmp_path / "run"
    assert main(["run", str(spec), "--trial", "--set", f'run.data="{root}"', "--run-dir", str(folder)]) == 0
    assert main(["evaluate", str(folder), "--split", "test"]) == 0
    told = capsys.readouterr().out
    assert "a trial on a few samples" in told and "val_top5" in told


def test_a_folder_that_is_not_there_fails_the_run_with_the_mend(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "run", 'data.source="folder"', f'data.folder="{tmp_path}/nowhere"') == 2
    status = RunReader(tmp_path / "run").status()
    assert status is not None and "is not there" in (status.reason or "") and status.findings[0].mend


def ready(root: Path, **more: object) -> ImagesTask:
    config = config_of(root)
    settings = dataclasses.replace(config.settings, data=dataclasses.replace(config.settings.data, **more))
    task = ImagesTask(settings, seed=0, root=root)
    task.prepare(silent)
    return task


def test_crops_differ_by_epoch_and_agree_wherever_they_are_made(root: Path) -> None:
    task = ready(root)
    indices = torch.tensor([3, 0, 20])
    task.epoch(1)
    first = task.batch("train", indices, CPU)
    task.epoch(2)
    second = task.batch("train", indices, CPU)
    assert first.pixels.dtype == torch.uint8 and not torch.equal(first.pixels, second.pixels)
    assert torch.equal(second.pixels[2:], task.batch("train", indices[2:], CPU).pixels)
    assert torch.equal(first.labels, torch.tensor([0, 0, 2]))
    shown = normalised(first.pixels)
    assert shown.shape == (3, 3, 32, 32) and shown.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(normalised(torch.tensor([[[[123.675, 116.28, 103.53]]]])), torch.zeros(3), atol=1e-5)


class Knowing(nn.Module):
    """Says the true class, then the one after it."""

    def __init__(self, labels: torch.Tensor) -> None:
        super().__init__()
        self.labels, self.at = labels, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        labels = self.labels[self.at : self.at + len(images)]
        self.at += len(images)
        return nn.functional.one_hot(labels, 3) * 9.0 + nn.functional.one_hot((labels + 1) % 3, 3) * 5.0


def test_a_validation_sees_every_image_once_and_can_be_kept_and_compared(root: Path) -> None:
    task = ready(root)
    found = task.evaluate(Knowing(torch.from_numpy(task.images.labels("val"))), "val", CPU, silent)
    assert found.metrics["val_top1"] == 1.0 and found.metrics["val_loss"] < 0.02
    kept = unpack(pack(found), "trainer.tasks.images")
    assert kept is not None and np.array_equal(kept.details.logits, found.details.logits)
    said = task.predictions("val", found)
    assert said.classes == ("discs", "rings", "squares") and len(said.labels) == 6 and said.samples.endswith(" val")


def test_top_shares_count_ties_against_the_model() -> None:
    logits = np.array([[3, 2, 1, 0, -1, -2], [1, 1, 1, 1, 1, 1]], dtype=np.float32)
    assert measure(Said(logits, np.array([1, 0]))) | {"val_loss": 0} == {
        "val_loss": 0,
        "val_top1": 0.0,
        "val_top5": 0.5,
    }
    loss = nn.functional.cross_entropy(torch.from_numpy(logits), torch.tensor([1, 0]))
    assert measure(Said(logits, np.array([1, 0])))["val_loss"] == pytest.approx(float(loss))
    assert Said(logits, np.array([1, 0])).confusion()[1, 0] == 1


def test_what_turned_up_damaged_is_told(root: Path) -> None:
    task = ready(root)
    assert task.findings() == ()
    task.images.replaced["train/x.jpg"] = "truncated"
    (found,) = task.findings()
    assert "train/x.jpg (truncated)" in found.proof


def test_inspect_tells_counts_and_verifies_packed_files(root: Path) -> None:
    config = config_of(root, 'data.form="encoded"')
    found = inspect_data(config, verify=True)
    assert found["train"] == {"images": 24, "smallest class": 8, "largest class": 8} and found["damaged"] == []
    path = Path(found["packed"]["train"])
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(raw)
    assert inspect_data(config, verify=True)["damaged"] == [f"{path}: record 0"]
    assert size_of(found["contact sheet"]) == (800, 300)


def test_presets_are_whole_and_settings_that_cannot_work_are_refused() -> None:
    assert {"images", "images-resnet50"} <= set(presets())
    field = load("images-resnet50")
    assert field.run.batch == 256 and field.run.precision == "bf16" and field.run.channels_last
    assert isinstance(field.settings, Settings) and field.settings.loss.smoothing == 0.1
    for wrong in ({"source": "folder"}, {"side": 64, "resize": 32}, {"classes": 9}):
        with pytest.raises(ValueError, match=r"—"):
            Data(**wrong)
