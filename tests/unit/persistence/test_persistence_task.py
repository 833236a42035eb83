"""The whole task as the loop drives it, on a handful of clips."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from trainer.tasks.persistence.settings import METRICS, Backbone, Data, Loss, Measure, Model, Settings
from trainer.tasks.persistence.task import PersistenceTask

CPU = torch.device("cpu")
SMALL = Settings(data=Data(train=64, val=32, test=8), measure=Measure(erase=8, batch=12))
FEATURES = replace(
    SMALL,
    data=Data(train=12, val=6, test=4),
    model=Model(kind="pretrained", width=32),
    backbone=Backbone(weights="random", image=32, device="cpu"),
    loss=Loss(kind="none"),
)


def silent(what: str, done: float, total: float | None) -> None:
    pass


def ready(settings: Settings, root: Path, **more: object) -> PersistenceTask:
    task = PersistenceTask(settings, seed=0, root=root, **more)
    task.prepare(silent)
    return task


class Uniform(nn.Module):
    """A model that looks everywhere alike and always says 1."""

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        return torch.tensor([[0.0, 1.0]]).expand(len(clips), 2), torch.full((len(clips), 256), 1 / 256)


@pytest.mark.parametrize("settings", [SMALL, FEATURES], ids=["attention", "pretrained"])
def test_figures_have_the_names_that_criteria_use(tmp_path: Path, settings: Settings) -> None:
    task = ready(settings, tmp_path)
    torch.manual_seed(0)
    model = task.model()
    assert [task.size(split) for split in ("train", "val", "test")] == [
        settings.data.train,
        settings.data.val,
        settings.data.test,
    ]
    loss, figures = task.loss(model, task.batch("train", torch.tensor([0, 5, 3]), CPU))
    assert loss.ndim == 0 and loss.requires_grad
    assert all(value.ndim == 0 and not value.requires_grad for value in figures.values())
    assert set(figures) | {"loss"} <= set(METRICS)
    for split in ("val", "test"):
        found = task.evaluate(model, split, CPU, silent)
        assert set(found.metrics) <= set(METRICS)
        assert {"val_accuracy", "attention_ratio", "consistency", "erase_transient", "erase_persistent_drop"} <= set(
            found.metrics
        )
        assert all(isinstance(value, float) for value in found.metrics.values())
        assert len(found.details.label) == task.size(split)


def test_a_model_that_looks_everywhere_alike_has_a_ratio_of_exactly_one(tmp_path: Path) -> None:
    found = ready(SMALL, tmp_path).evaluate(Uniform(), "val", CPU, silent).metrics
    assert found["attention_ratio"] == 1.0
    assert found["consistency"] == 0.0
    assert found["val_accuracy"] == 0.5
    assert found["erase_transient"] == found["erase_persistent"] == found["erase_transient_drop"] == 0.0


def test_a_model_that_counts_red_frames_depends_on_transients_alone(tmp_path: Path) -> None:
    class Oracle(nn.Module):
        def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
            red = (clips[:, :, 0].int() - clips[:, :, 1].int() > 50).flatten(2).any(2).float().mean(1)
            logits = torch.stack([0.22 - red, red - 0.22], 1)
            return logits, torch.full((len(clips), 256), 1 / 256)

    found = ready(SMALL, tmp_path).evaluate(Oracle(), "val", CPU, silent).metrics
    assert found["val_accuracy"] >= 0.9
    assert found["erase_transient_drop"] >= 0.4 and found["erase_transient"] >= 0.4
    assert found["erase_persistent"] <= 0.13, "only spheres that hid a transient can matter"


def test_batches_are_those_rows_of_the_split_in_that_order(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    one = task.batch("val", torch.tensor([4, 1]), CPU)
    inputs, labels = one.inputs.clone(), one.labels.clone()
    two = task.batch("val", torch.tensor([1]), CPU)
    assert torch.equal(inputs[1], two.inputs[0]) and labels[1] == two.labels[0]
    other = task.batch("train", torch.tensor([1]), CPU)
    assert not torch.equal(two.inputs, other.inputs)


@pytest.mark.parametrize("kind", ["hinge", "raw"])
def test_a_few_steps_lower_the_loss_and_raise_the_ratio(tmp_path: Path, kind: str) -> None:
    settings = replace(SMALL, model=Model(width=32, depth=2, patch=32), loss=Loss(kind=kind, alpha=1.0))
    task = ready(settings, tmp_path)
    torch.manual_seed(0)
    model = task.model()
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    before = task.evaluate(model, "val", CPU, silent).metrics
    losses = []
    for start in itertools.chain.from_iterable([range(0, 64, 16)] * 8):
        loss, _ = task.loss(model, task.batch("train", torch.arange(start, start + 16), CPU))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    after = task.evaluate(model, "val", CPU, silent).metrics
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    assert after["attention_ratio"] > 1.3 * before["attention_ratio"]


def test_without_the_extra_loss_there_is_only_cross_entropy(tmp_path: Path) -> None:
    task = ready(replace(SMALL, loss=Loss(kind="none")), tmp_path)
    torch.manual_seed(0)
    model = task.model()
    batch = task.batch("train", torch.arange(8), CPU)
    loss, figures = task.loss(model, batch)
    assert torch.equal(loss, nn.functional.cross_entropy(model(batch.inputs)[0], batch.labels))
    assert set(figures) == {"accuracy"}


def test_validation_changes_neither_model_nor_random_state_and_repeats_itself(tmp_path: Path) -> None:
    task = ready(SMALL, tmp_path)
    torch.manual_seed(0)
    model = task.model()
    state = torch.get_rng_state()
    first = task.evaluate(model, "val", CPU, silent).metrics
    assert model.training and torch.equal(state, torch.get_rng_state())
    assert task.evaluate(model, "val", CPU, silent).metrics == first


def test_a_trial_is_small_and_says_what_the_run_would(tmp_path: Path) -> None:
    full = replace(SMALL, data=Data(), measure=Measure(erase=100))
    task = ready(full, tmp_path, trial=True)
    assert sum(task.size(split) for split in ("train", "val", "test")) <= 64
    assert task.notes == ("erase effects on 100 of 1,000 validation clips",)
    assert PersistenceTask(full, seed=0, root=tmp_path).notes == task.notes


def test_a_trial_reads_only_some_of_the_fields_files(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    clip = torch.zeros(16, 64, 64, 3, dtype=torch.uint8)
    clip[2, :9, :9, 0] = 200
    for number in range(70):
        torch.save(clip, tmp_path / "output" / f"augmented_traj_{number}.pt")
    settings = replace(SMALL, data=Data(source="field", folder=str(tmp_path)))
    sizes = [
        sum(ready(settings, tmp_path, trial=trial).size(split) for split in ("train", "val", "test"))
        for trial in (True, False)
    ]
    assert sizes == [64, 70]


def test_notes_say_what_the_figures_do_not(tmp_path: Path) -> None:
    notes = PersistenceTask(FEATURES, seed=0, root=tmp_path).notes
    assert notes == ("22 clips (field: 10,000)", "random features, not pre-trained")


def test_the_seed_of_the_run_is_the_seed_of_the_clips_unless_they_have_their_own(tmp_path: Path) -> None:
    def first(seed: int, own: int | None) -> Tensor:
        settings = replace(SMALL, data=replace(SMALL.data, seed=own))
        task = PersistenceTask(settings, seed=seed, root=tmp_path)
        task.prepare(silent)
        return task.batch("train", torch.arange(4), CPU).inputs.clone()

    assert not torch.equal(first(1, None), first(2, None))
    assert torch.equal(first(1, 2), first(2, None))


def test_progress_is_told(tmp_path: Path) -> None:
    said: dict[str, tuple[float, float | None]] = {}

    def report(what: str, done: float, total: float | None) -> None:
        said[what] = (done, total)

    task = PersistenceTask(FEATURES, seed=0, root=tmp_path)
    task.prepare(report)
    task.evaluate(task.model(), "val", CPU, report)
    assert said["scenes of 22 clips"] == (22, 22)
    assert said["random features of 12 clips (train)"] == (12, 12)
    assert said["validating 6 clips"] == said["validating 6 clips, transient erased"] == (6, 6)
