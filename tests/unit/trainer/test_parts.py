"""The loop's smaller parts: board, meter, optimiser, device, failure, requests, origin."""

import errno
import math
import signal
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from trainer import device, failure, optim, origin, process
from trainer.board import Board
from trainer.config import Optim, Run
from trainer.ending import Interrupted, TrainingFailed
from trainer.meter import Pace, Window
from trainer.record import code
from trainer.record.status import Finding, Status
from trainer.requests import Requests
from trainer.say import duration
from trainer.schema import ConfigError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def board(written: list[Status], clock: Clock | None = None) -> Board:
    return Board(written.append, Status(), interval=0.01, beat=0.02, clock=clock or time.time)


def test_a_change_of_state_is_written_at_once_with_heartbeat_and_measures() -> None:
    written: list[Status] = []
    found = board(written, Clock())
    found.measure = lambda: {"step": 7}
    found.set(epoch=1)
    assert written == []
    found.now(state="training")
    (status,) = written
    assert (status.state, status.epoch, status.step, status.heartbeat) == ("training", 1, 7, 100.0)


def test_the_heartbeat_goes_on_while_progress_stands_still() -> None:
    written: list[Status] = []
    found = board(written)
    found.moved()
    found.start()
    ends = time.monotonic() + 10
    while len(written) < 4 and time.monotonic() < ends:
        time.sleep(0.005)
    found.stop()
    assert len({status.heartbeat for status in written}) >= 4
    assert len({status.progress_at for status in written}) == 1


def test_a_status_that_cannot_be_written_disturbs_nobody_and_is_tried_again() -> None:
    written: list[Status] = []
    failures: list[OSError] = []

    def write(status: Status) -> None:
        if len(failures) < 2:
            raise OSError(errno.ENOSPC, "full")
        written.append(status)

    found = Board(write, Status(), interval=0.01)
    found.failed = failures.append
    found.now(state="training")
    found.start()
    ends = time.monotonic() + 10
    while not written and time.monotonic() < ends:
        time.sleep(0.005)
    found.stop()
    assert written[0].state == "training" and len(failures) == 2


def test_progress_has_a_rate() -> None:
    clock = Clock()
    found = board([], clock)
    found.report("drawing", 0, 100)
    clock.now += 10
    found.report("drawing", 25, 100)
    progress = found.status.progress
    assert progress is not None and (progress.done, progress.total, progress.eta_s) == (25, 100, 30.0)
    found.report("features", 1, None)
    progress = found.status.progress
    assert progress is not None and progress.eta_s is None
    assert found.progress_at == clock.now


def test_a_finding_is_there_once_until_it_is_forgotten() -> None:
    found = board([])
    found.find(Finding("disk full", "1"))
    found.find(Finding("disk full", "2"))
    assert found.status.findings == (Finding("disk full", "2"),)
    found.forget("disk full")
    assert found.status.findings == ()


def test_a_window_means_over_samples_and_survives_a_checkpoint() -> None:
    window = Window()
    for loss, size in ((1.0, 8), (2.0, 8), (4.0, 4)):
        window.add(torch.tensor(loss), {"acc": torch.tensor(loss / 4)}, size)
    again = Window()
    again.restore(window.saved())
    assert again.means() == window.means() == {"loss": 2.0, "acc": 0.5}
    assert again.losses() == [1.0, 2.0, 4.0] and len(again) == 3
    window.clear()
    assert len(window) == 0 and window.losses() == []
    again.add(torch.tensor(math.nan), {"acc": torch.tensor(0.0)}, 4)
    assert math.isnan(again.means()["loss"])


def test_a_figure_that_comes_late_is_the_mean_of_the_steps_that_had_it() -> None:
    window = Window()
    window.add(torch.tensor(1.0), {}, 2)
    window.add(torch.tensor(1.0), {"late": torch.tensor(3.0)}, 6)
    assert window.means()["late"] == 3.0


def test_pace_looks_at_recent_steps_only() -> None:
    pace = Pace(length=4)
    assert pace.figures() == {"samples_per_s": None, "step_time_s": None, "data_wait": None} and pace.mean() == 0
    for seconds in (100.0, 1.0, 1.0, 1.0, 3.0):
        pace.add(seconds, seconds / 2, 10)
    assert pace.figures() == {"samples_per_s": pytest.approx(40 / 6), "step_time_s": 1.0, "data_wait": 0.5}


def test_the_rate_rises_then_follows_the_cosine() -> None:
    cosine = Optim(lr=1.0, schedule="cosine", warmup_steps=4, final_lr=0.1)
    assert [optim.rate(cosine, step, 104) for step in (0, 1, 3, 4)] == [0.25, 0.5, 1.0, 1.0]
    assert optim.rate(cosine, 54, 104) == pytest.approx(0.55)
    assert optim.rate(cosine, 104, 104) == pytest.approx(0.1) == optim.rate(cosine, 500, 104)
    assert {optim.rate(Optim(lr=0.3), step, 10) for step in range(20)} == {0.3}


def test_norms_and_biases_do_not_decay() -> None:
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.Linear(4, 5))
    model[0].weight.requires_grad_(False)
    decayed, others = optim.groups(model, 0.1)
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert [tuple(item.shape) for item in decayed["params"]] == [(5, 4)]
    assert len(others["params"]) == 4
    (only,) = optim.groups(model, 0.0)
    assert len(only["params"]) == 5


@pytest.mark.parametrize(("kind", "cls"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_the_optimiser_is_the_one_asked_for(kind: str, cls: str) -> None:
    found = optim.optimiser(Optim(kind=kind), nn.Linear(2, 2))  # type: ignore[arg-type]
    assert type(found).__name__ == cls


def test_a_model_without_trainable_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="no trainable parameters"):
        optim.optimiser(Optim(), nn.Linear(2, 2).requires_grad_(False))


def test_every_generator_goes_back_to_where_it_was() -> None:
    import random

    import numpy as np

    cpu = torch.device("cpu")

    def draw() -> tuple[float, float, float, float]:
        return torch.rand(1).item(), random.random(), np.random.rand(), np.random.standard_normal()

    state = device.random_state(cpu)
    first = draw()
    with device.own_randomness(5, cpu):
        inside = draw()
    second = draw()
    device.set_random_state(state, cpu)
    assert (draw(), draw()) == (first, second)
    with device.own_randomness(5, cpu):
        assert draw() == inside


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.choose("auto") == device.choose("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError, match=r"run.device: 'cuda:3': torch finds no usable GPU here — use auto or cpu"):
        device.choose("cuda:3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.choose("auto") == torch.device("cuda", 0) == device.choose("cuda")
    with pytest.raises(ConfigError, match="this machine has 2 usable GPUs"):
        device.choose("cuda:2")


def test_a_reason_is_the_first_traceback() -> None:
    try:
        try:
            {}["first"]
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError as error:
        reason, finding = failure.explain(error, Run(batch=16))
    assert reason.startswith("KeyError: 'first' (test_parts.py:") and finding.mend.endswith("train.log")


@pytest.mark.parametrize(
    ("error", "start"),
    [
        (MemoryError(), "out of memory: MemoryError"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "out of memory: torch.OutOfMemoryError"),
        (RuntimeError("HIP out of memory"), "out of memory: RuntimeError"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk full: OSError"),
        (RuntimeError("shapes do not match"), "RuntimeError: shapes"),
        (TrainingFailed("known", Finding("what", "proof", "mend")), "known"),
    ],
)
def test_what_can_be_named_is_named(error: Exception, start: str) -> None:
    reason, finding = failure.explain(error, Run(batch=16))
    assert reason.startswith(start) and finding.mend


def test_requests_ask_politely_and_give_signals_back(tmp_path: Path) -> None:
    former = signal.getsignal(signal.SIGTERM)
    with Requests(tmp_path, None) as requests:
        assert requests.asked() is None
        requests.raise_if_asked()
        (tmp_path / "stop").touch()
        asked = requests.asked()
        assert asked is not None and (asked.state, asked.reason, asked.haste) == (
            "stopped",
            "stopped by the stop file",
            False,
        )
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted, match="SIGTERM") as caught:
            requests.raise_if_asked()
        assert caught.value.ending.haste
    assert signal.getsignal(signal.SIGTERM) is former


def test_the_code_hash_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = code.code_hash(tmp_path)
    (tmp_path / "b.txt").write_text("not code")
    assert code.code_hash(tmp_path) == first
    (tmp_path / "b.py").write_text("2")
    second = code.code_hash(tmp_path)
    (tmp_path / "b.py").rename(tmp_path / "c.py")
    assert len({first, second, code.code_hash(tmp_path)}) == 3
    assert {"by", "host", "time", "code"} <= set(origin.by_hand())


def test_a_process_knows_its_start_and_memory() -> None:
    assert process.start_ticks() == process.start_ticks() and process.start_ticks()
    used, total = process.memory()
    assert used and total and 0 < used < total
    assert process.start_ticks(2**22 + 1) is None


@pytest.mark.parametrize(("seconds", "text"), [(0.26, "0.3 s"), (59.9, "59.9 s"), (61, "1:01 min"), (7384, "2:03 h")])
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
