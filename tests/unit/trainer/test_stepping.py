"""Parts of a step, averaged weights, fp16, batches made ahead: same numbers, and the same bits after a resume."""

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import Tiny, plain_rows
from tiny_task import TinyTask
from torch import nn

from trainer import device as devices
from trainer.averaging import Average
from trainer.checkpoint import Checkpoints
from trainer.checks import checks
from trainer.config import Run
from trainer.feeding import Feed
from trainer.order import Course, Part, parts_of
from trainer.record import RunReader
from trainer.revival import revive
from trainer.schema import ConfigError


def metrics(reader: RunReader, name: str) -> list[float]:
    return [float(row[name]) for row in reader.metrics() if name in row]


def results(tiny: Tiny, name: str) -> dict[str, object]:
    found = tiny.reader(name).document("results.json")
    assert found is not None
    return found


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 6))
def test_weights_of_parts_make_the_mean_over_all_samples(size: int, ranks: int, count: int) -> None:
    indices = torch.randperm(size)
    values = torch.randn(size, dtype=torch.float64)
    everything = [parts_of(indices, rank, ranks, count) for rank in range(ranks)]
    mean = sum(values[part.indices].mean() * part.weight for parts in everything for part in parts) / ranks
    assert float(mean) == pytest.approx(float(values.mean()))
    assert sorted(int(i) for parts in everything for part in parts if part.samples for i in part.indices) == list(
        range(size)
    )
    assert all([part.last for part in parts] == [False] * (len(parts) - 1) + [True] for parts in everything)


def test_the_course_has_each_sample_once_an_epoch() -> None:
    course = Course(3, 23, 5)
    assert course.epoch_steps == 5
    for epoch in range(2):
        steps = range(epoch * 5, epoch * 5 + 5)
        assert sorted(torch.cat([course.indices(step) for step in steps]).tolist()) == list(range(23))
        assert [course.samples(step) for step in steps] == [len(course.indices(step)) for step in steps]
    assert [course.epoch_of(step) for step in (0, 1, 5, 6)] == [0, 1, 1, 2]


def test_parts_of_a_step_give_the_numbers_of_the_whole(tiny: Tiny) -> None:
    for name, count in (("whole", 1), ("parts", 3)):
        tiny.run("model.dropout=0.0", "run.batch=7", "optim.clip=1.0", f"run.accumulate={count}", name=name)
    for figure in ("loss", "accuracy", "grad_norm", "val_loss"):
        assert metrics(tiny.reader("parts"), figure) == pytest.approx(metrics(tiny.reader("whole"), figure), abs=1e-5)


def test_the_thread_changes_nothing(tiny: Tiny) -> None:
    for name, ahead in (("without", 0), ("with", 1)):
        tiny.run(f"run.prefetch={ahead}", "run.accumulate=2", name=name)
    assert plain_rows(tiny.reader("with")) == plain_rows(tiny.reader("without"))
    assert results(tiny, "with")["weights_sha256"] == results(tiny, "without")["weights_sha256"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("feed")]


def test_what_fails_in_the_thread_fails_the_run(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    former = TinyTask.batch

    def broken(self: TinyTask, split: str, *arguments: object) -> object:
        if threading.current_thread() is not threading.main_thread():
            raise KeyError("lost")
        return former(self, split, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(TinyTask, "batch", broken)
    assert tiny.run("run.prefetch=1") == 1
    status = tiny.reader().status()
    assert status is not None and status.reason is not None and status.reason.startswith("KeyError: 'lost'")


def test_one_batch_is_ahead_and_none_beyond_the_end() -> None:
    made: list[list[int]] = []

    def make(indices: torch.Tensor) -> list[int]:
        made.append(indices.tolist())
        return made[-1]

    def plan(step: int) -> tuple[Part, ...]:
        return parts_of(torch.arange(step * 2, step * 2 + 2), 0, 1, 2)

    feed = Feed(make, plan, torch.device("cpu"), ahead=True)
    taken = [batch for step in range(3) for _, batch in feed.batches(step, 3)]
    feed.close()
    assert taken == made == [[number] for number in range(6)]


def test_the_average_follows_and_keeps_buffers(tiny: Tiny) -> None:
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    average = Average(model, 0.5)
    begin = float(model[0].weight.detach())
    with torch.no_grad():
        model[0].weight += 1
        model[1].running_mean += 3
    for step in (1, 1000):
        average.follow(step)
    first = 1 - 2 / 11  # the decay after the first step is (1 + 1) / (10 + 1)
    moved = float(average.model[0].weight) - begin
    assert moved == pytest.approx(first + (1 - first) * 0.5)
    assert float(average.model[1].running_mean) == 3


def test_averaged_weights_are_what_is_validated_and_kept(tiny: Tiny) -> None:
    tiny.run("run.ema=0.9", name="averaged")
    tiny.run(name="plain")
    assert metrics(tiny.reader("averaged"), "loss") == metrics(tiny.reader("plain"), "loss")
    assert metrics(tiny.reader("averaged"), "val_loss") != metrics(tiny.reader("plain"), "val_loss")
    revived = revive(tiny.folder / "averaged", "last", lambda what, done, total: None)
    found = revived.evaluate("val", lambda what, done, total: None)
    assert found.metrics["val_loss"] == metrics(tiny.reader("averaged"), "val_loss")[-1]


EVERYTHING = ("run.accumulate=2", "run.ema=0.9", "run.prefetch=1", 'run.precision="fp16"', "optim.clip=1.0")


@pytest.mark.parametrize("step", [5, 15, 23])
def test_a_resume_has_the_same_bits_with_everything_on(tiny: Tiny, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is asked to end in the middle; fp16 with a scale so large that steps are skipped at first."""
    monkeypatch.setattr(devices, "scaler", lambda kind, device: torch.amp.GradScaler("cpu", init_scale=2.0**20))
    tiny.run(*EVERYTHING, name="whole")
    stop_in_step(tiny, step, monkeypatch)
    tiny.run(*EVERYTHING, name="broken")
    status = tiny.reader("broken").status()
    assert status is not None and status.state == "stopped" and 0 < (status.step or 0) < 60
    tiny.run(*EVERYTHING, name="broken", resume=True)
    assert plain_rows(tiny.reader("broken")) == plain_rows(tiny.reader("whole"))
    assert results(tiny, "broken")["weights_sha256"] == results(tiny, "whole")["weights_sha256"]
    skipped = metrics(tiny.reader("whole"), "skipped_steps")
    assert skipped[0] > 0 and skipped[-1] < 30


def stop_in_step(tiny: Tiny, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    former: Callable[..., object] = TinyTask.loss
    calls = itertools.count(1)

    def loss(self: TinyTask, model: nn.Module, batch: object) -> object:
        if next(calls) == step:
            (tiny.folder / "broken/stop").touch()
        return former(self, model, batch)

    monkeypatch.setattr(TinyTask, "loss", loss)


def test_fp16_is_refused_where_it_cannot_be_computed(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_computes_fp16", lambda: False)
    assert tiny.run('run.precision="fp16"') == 2
    status = tiny.reader().status()
    assert status is not None and status.reason is not None
    assert "does not compute in fp16 on a CPU" in status.reason and "bf16" in status.reason


def test_compiling_without_a_compiler_is_refused(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    found = list(checks(tiny.config("run.compile=true"), tiny.folder))
    assert not found[-1].ok and "no C++ compiler (no-such-compiler)" in found[-1].detail
    assert "install g++" in found[-1].mend


class Convolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.flat, self.deep = nn.Conv2d(3, 4, 3), nn.Conv3d(3, 4, 3)


def test_channels_last_for_images_and_videos() -> None:
    model = Convolutions()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    devices.channels_last(model)
    image, video = model.flat(torch.randn(2, 3, 8, 8)), model.deep(torch.randn(2, 3, 8, 8, 8))
    assert image.is_contiguous(memory_format=torch.channels_last)
    assert video.is_contiguous(memory_format=torch.channels_last_3d)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_checkpoints_of_a_compiled_model_have_its_own_names(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(type(self).__name__))
    tiny.run("run.compile=true", "run.epochs=1")
    found = Checkpoints(tiny.folder / "run").load(torch.device("cpu"))
    assert found is not None and compiled == ["Sequential"]
    assert set(found[0]["model"]) == {"0.weight", "0.bias", "3.weight", "3.bias"}


@pytest.mark.parametrize(
    "sets", [("run.processes=2", 'run.device="cuda:1"'), ("run.ema=1.0",), ("run.gpu_share=0.0",), ("run.prefetch=2",)]
)
def test_settings_that_cannot_be(tiny: Tiny, sets: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"run\.(device|ema|gpu_share|prefetch)"):
        tiny.config(*sets)


@pytest.mark.parametrize(
    ("name", "local", "processes", "gpus", "expected"),
    [
        ("auto", 0, 1, 0, "cpu"),
        ("auto", 1, 2, 2, "cuda:1"),
        ("cuda", 1, 2, 2, "cuda:1"),
        ("cuda:1", 0, 1, 2, "cuda:1"),
        ("cpu", 3, 4, 2, "cpu"),
        ("auto", 2, 3, 2, "run.processes: 3 processes: this machine has 2 usable GPUs"),
        ("cuda", 0, 1, 0, "run.device: 'cuda': torch finds no usable GPU here"),
    ],
)
def test_each_process_has_a_device_of_its_own(
    monkeypatch: pytest.MonkeyPatch, name: str, local: int, processes: int, gpus: int, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    try:
        assert str(devices.choose(name, local, processes)) == expected
    except ConfigError as error:
        assert expected in str(error)


def test_threads_are_shared_by_the_processes_of_a_run() -> None:
    former = torch.get_num_threads()
    try:
        devices.set_threads(4, 2)
        assert torch.get_num_threads() == 2
        devices.set_threads(1, 4)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(former)


def test_a_settled_cpu_is_left_alone(tmp_path: Path) -> None:
    before = torch.get_float32_matmul_precision()
    devices.settle(torch.device("cpu"), Run(tf32=True, gpu_share=0.5))
    assert torch.get_float32_matmul_precision() == before
