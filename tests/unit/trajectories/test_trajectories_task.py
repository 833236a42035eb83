"""The whole task as the loop drives it, on a handful of samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from trainer.keepsake import pack, unpack
from trainer.tasks import Evaluation
from trainer.tasks.trajectories.data.settings import CLASSES, Data
from trainer.tasks.trajectories.figures import chosen, trace
from trainer.tasks.trajectories.measures import Predictions, cross_entropy, measure
from trainer.tasks.trajectories.models.unified import Answer
from trainer.tasks.trajectories.settings import METRICS, Loss, Measure, Model, Settings
from trainer.tasks.trajectories.task import TrajectoriesTask

CPU = torch.device("cpu")
SMALL = Settings(data=Data(train=32, val=12, test=8), model=Model(kind="magvit", size="tiny"), measure=Measure(batch=5))


def silent(what: str, done: float, total: float | None) -> None:
    pass


def ready(settings: Settings, root: Path, **more: object) -> TrajectoriesTask:
    task = TrajectoriesTask(settings, seed=0, root=root, **more)
    task.prepare(silent)
    return task


class Knowing(nn.Module):
    """A model that says the class after the true one, and positions that are off by 0.1 along x."""

    def __init__(self, task: TrajectoriesTask, split: str) -> None:
        super().__init__()
        self.labels = torch.from_numpy(task.views.labels(split))
        self.targets = torch.from_numpy(np.array(task.views.targets(split)))
        self.at = 0

    def forward(self, clips: Tensor) -> Answer:
        rows = slice(self.at, self.at + len(clips))
        self.at += len(clips)
        logits = nn.functional.one_hot((self.labels[rows] + 1) % 4, 4) * 20.0
        return Answer(logits, self.targets[rows] + torch.tensor([0.1, 0.0, 0.0]), {}, None)


def test_batches_are_the_samples_of_these_rows(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    batch = task.batch("train", torch.tensor([3, 0, 31]), CPU)
    assert batch.clips.dtype == torch.uint8 and batch.clips.shape == (3, 4, 32, 64, 64)
    rows = np.array([3, 0, 31])
    assert np.array_equal(batch.clips.numpy(), task.views.draw("train", rows))
    assert np.array_equal(batch.labels.numpy(), task.views.labels("train")[rows])
    assert np.array_equal(batch.targets.numpy(), task.views.targets("train")[rows])


@pytest.mark.parametrize("preset", ["field", "hard"])
def test_batches_drawn_in_the_device_s_memory_are_the_same(tmp_path: Path, preset: str) -> None:
    data = Data(train=16, val=8, test=4, preset=preset)
    drawn, resident = (
        ready(replace(SMALL, data=replace(data, resident=resident)), tmp_path) for resident in ("never", "always")
    )
    for split, rows in (("train", [5, 0, 15]), ("val", [7, 7])):
        one, other = (task.batch(split, torch.tensor(rows), CPU) for task in (drawn, resident))
        assert torch.equal(one.clips, other.clips)
        assert torch.equal(one.labels, other.labels) and torch.equal(one.targets, other.targets)


@pytest.mark.parametrize("kind", ["i3d", "slowfast", "transformer", "magvit"])
def test_a_few_steps_lower_the_loss(tmp_path: Path, kind: str) -> None:
    task = ready(replace(SMALL, model=Model(kind=kind, size="tiny")), tmp_path)
    torch.manual_seed(0)
    model = task.model()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    batch = task.batch("train", torch.arange(8), CPU)
    losses = []
    for _ in range(20):
        loss, figures = task.loss(model, batch)
        assert {f"{name}_loss" for name in ("class", "position")} | {"accuracy"} <= set(figures) <= set(METRICS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert min(losses) < 0.9 * losses[0]


def test_the_loss_is_the_weighed_sum_of_its_parts(tmp_path: Path) -> None:
    settings = replace(SMALL, loss=Loss(classes=2.0, position=3.0, entropy=0.5, commitment=0.25))
    task = ready(settings, tmp_path)
    loss, figures = task.loss(task.model(), task.batch("train", torch.arange(4), CPU))
    parts = 2 * figures["class_loss"] + 3 * figures["position_loss"]
    parts += 0.5 * figures["entropy_loss"] + 0.25 * figures["commitment_loss"]
    assert loss.item() == pytest.approx(parts.item(), rel=1e-5)


def test_a_validation_sees_every_sample_once_and_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    model = Knowing(task, "val").train()
    found = task.evaluate(model, "val", CPU, silent)
    assert model.training and model.at == 12
    assert found.metrics["val_accuracy"] == 0 and found.metrics["val_accuracy_helical"] == 0
    assert found.metrics["val_position_mse"] == pytest.approx(0.01 / 3, rel=1e-4)
    assert found.metrics["val_loss"] == pytest.approx(20 + 10 * 0.01 / 3, rel=1e-3)
    details: Predictions = found.details
    assert np.array_equal(details.labels, task.views.labels("val"))
    assert np.array_equal(details.targets, task.views.targets("val"))
    assert np.array_equal(details.confusion(), 3 * np.roll(np.eye(4, dtype=int), 1, axis=1))


def test_codebook_use_is_a_figure_of_models_that_have_one(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    found = task.evaluate(task.model(), "test", CPU, silent)
    assert 0 < found.metrics["codebook_use"] <= 1 and found.metrics["effective_codes"] >= 1
    assert set(found.metrics) <= set(METRICS)
    plain = ready(replace(SMALL, model=Model(kind="magvit", size="tiny", quantiser="none")), tmp_path)
    assert "codebook_use" not in plain.evaluate(plain.model(), "test", CPU, silent).metrics


def test_details_survive_a_checkpoint(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    found = task.evaluate(task.model(), "val", CPU, silent)
    again = unpack(pack(found), "trainer.tasks.trajectories")
    assert again is not None and isinstance(again.details, Predictions)
    assert np.array_equal(again.details.logits, found.details.logits)


def test_the_run_leaves_one_picture(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    last = task.evaluate(Knowing(task, "val"), "val", CPU, silent)
    history = [
        {"step": 0, "epoch": 0, "phase": "val", "val_accuracy": 0.25, "val_position_mse": 0.1},
        {"step": 1, "epoch": 1, "phase": "train", "accuracy": 0.3, "position_loss": 0.05},
        {"step": 2, "epoch": 1, "phase": "val", "val_accuracy": "NaN", "val_position_mse": 0.01},
    ]
    for rows in (history, []):
        (path,) = task.finish(rows, None, last, tmp_path / "figures")
        assert path == tmp_path / "figures" / "trajectories.png"
        with Image.open(path) as image:
            assert image.format == "PNG" and image.width >= 1_600
    assert [item.name for item in path.parent.iterdir()] == ["trajectories.png"]


def test_a_trial_is_small_and_keeps_the_notes_of_the_run(tmp_path: Path) -> None:
    task = ready(Settings(), tmp_path, trial=True)
    assert {task.size(split) for split in ("train", "val", "test")} == {32}
    assert task.notes == TrajectoriesTask(Settings(), seed=0, root=tmp_path).notes


def predictions(count: int, wrong: int = 0) -> Predictions:
    labels = np.arange(count) % 4
    said = labels.copy()
    said[:wrong] = (said[:wrong] + 1) % 4
    targets = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=(count, 3)).astype(np.float32)
    return Predictions(np.eye(4, dtype=np.float32)[said], targets + noise, labels, targets)


@pytest.mark.parametrize(("count", "wrong"), [(40, 0), (40, 1), (40, 30), (40, 40), (3, 1), (1, 1), (0, 0)])
def test_samples_to_show_are_wrong_and_right_ones_without_repeats(count: int, wrong: int) -> None:
    rows = chosen(predictions(count, wrong)).tolist()
    assert len(rows) == len(set(rows)) <= min(8, count)
    assert sum(row < wrong for row in rows) == (min(wrong, 4) if count - wrong >= 4 else min(wrong, 8, count))
    if wrong == 0 and count:
        assert len({row % 4 for row in rows}) == 4


def test_a_class_that_does_not_occur_has_no_accuracy() -> None:
    found = predictions(8)
    figures = measure(replace(found, labels=found.labels % 2))
    assert {name for name in CLASSES if f"val_accuracy_{name}" in figures} == {"linear", "circular"}


def test_cross_entropy_is_torchs() -> None:
    found = replace(predictions(20, 7), logits=np.random.default_rng(2).normal(size=(20, 4)).astype(np.float32) * 9)
    mine = nn.functional.cross_entropy(torch.from_numpy(found.logits).double(), torch.from_numpy(found.labels))
    assert cross_entropy(found) == pytest.approx(mine.item())


def test_the_newest_frame_is_brightest_in_the_trace() -> None:
    frames = np.zeros((32, 4, 4), dtype=np.uint8)
    frames[0, 0, 0] = frames[31, 3, 3] = 255
    picture = trace(frames).astype(int)
    assert picture[3, 3].min() > 200 > picture[0, 0, 0] and picture[0, 0, 2] > 200, "blue first, white last"


def test_evaluations_without_history_have_a_summary(tmp_path: Path) -> None:
    task = ready(replace(SMALL, data=Data(train=4, val=4, test=4)), tmp_path)
    found = Evaluation({"val_accuracy": 1.0, "val_position_mse": 1e-4, "codebook_use": 0.1}, predictions(4))
    assert task.finish([], None, found, tmp_path)[0].is_file()
