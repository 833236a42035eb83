import itertools
import json
import math
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_runs import Tiny, plain_rows
from tiny_task import TinyTask

from trainer.record import RunLocked, RunWriter, Status, race
from trainer.record.status import ENDED
from trainer.schema import ConfigError


def status_of(tiny: Tiny, name: str = "run") -> Status:
    status = tiny.reader(name).status()
    assert status is not None
    return status


def results_of(tiny: Tiny, name: str = "run") -> dict[str, object]:
    results = tiny.reader(name).document("results.json")
    assert results is not None
    return results


def events_of(tiny: Tiny, name: str = "run") -> list[str]:
    return [event["event"] for event in tiny.reader(name).events()]


class At:
    """Does something when the n-th batch is asked for, or the n-th validation begins: no clock, no luck."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def __call__(self, what: str, number: int, action: Callable[[], object]) -> None:
        former, calls = getattr(TinyTask, what), itertools.count(1)

        def watched(*arguments: object, **more: object) -> object:
            if next(calls) == number:
                action()
            return former(*arguments, **more)

        self._patch.setattr(TinyTask, what, watched)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    return At(monkeypatch)


def test_a_run_to_its_last_epoch(tiny: Tiny) -> None:
    assert tiny.run() == 0
    status, results = status_of(tiny), results_of(tiny)
    assert (status.state, status.reason) == ("finished", "all 4 epochs are done")
    assert (status.epoch, status.step, status.steps) == (4, 60, 60)
    assert status.notes == ("120 points",)
    assert status.figures == ("figures/accuracy.txt",)
    assert (tiny.folder / "run/figures/accuracy.txt").read_text().endswith("rows\n")
    assert status.checkpoint is not None and (tiny.folder / "run" / status.checkpoint.file).is_file()
    assert results["metrics"] == dict(status.metrics)
    assert results["parameters"] == 82 and len(str(results["weights_sha256"])) == 64
    assert status.device is not None and status.device.memory_used
    assert status.data_wait is not None and 0 <= status.data_wait <= 1
    assert status.pid == os.getpid()


def test_rows_come_every_n_steps_at_the_end_of_an_epoch_and_after_each_validation(tiny: Tiny) -> None:
    tiny.run("run.epochs=2")
    rows = tiny.reader().metrics()
    assert [(row["phase"], row["epoch"], row["step"]) for row in rows] == [
        ("val", 0, 0),
        *(("train", 1, step) for step in (4, 8, 12, 15)),
        ("val", 1, 15),
        *(("train", 2, step) for step in (16, 20, 24, 28, 30)),
        ("val", 2, 30),
    ]
    assert {"loss", "accuracy", "lr", "samples_per_s", "data_wait"} <= set(rows[1])
    assert {"val_accuracy", "val_loss"} <= set(rows[0])


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tiny: Tiny) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        tiny.run(f"run.seed={seed}", name=name)
    assert plain_rows(tiny.reader("a")) == plain_rows(tiny.reader("b"))
    assert results_of(tiny, "a")["weights_sha256"] == results_of(tiny, "b")["weights_sha256"]
    assert results_of(tiny, "a")["weights_sha256"] != results_of(tiny, "c")["weights_sha256"]


def test_looking_never_changes_what_is_looked_at(tiny: Tiny) -> None:
    tiny.run(name="often")
    tiny.run(
        "run.validate_every=4",
        "run.validate_first=false",
        "run.log_every=1000",
        "checkpoint.seconds=0.001",
        name="rarely",
    )
    assert results_of(tiny, "often")["weights_sha256"] == results_of(tiny, "rarely")["weights_sha256"]


def test_the_limit_of_steps_ends_within_an_epoch(tiny: Tiny) -> None:
    tiny.run("run.steps=20")
    assert (status_of(tiny).step, status_of(tiny).epoch) == (20, 2)
    assert status_of(tiny).reason == "all 20 steps are done"
    assert plain_rows(tiny.reader())[-1]["step"] == 20


def test_criteria_met_ends_the_run_at_a_check_epoch(tiny: Tiny) -> None:
    assert tiny.run("run.epochs=30", 'stop.all=["val_accuracy >= 0.6", "val_loss < 0.7"]', "stop.every=3") == 0
    status = status_of(tiny)
    assert (status.state, status.epoch) == ("criteria met", 3)
    assert status.stopping is not None and [item.passed for item in status.stopping.criteria] == [True, True]
    assert results_of(tiny)["state"] == "criteria met"
    assert events_of(tiny).count("criteria") == 1


def test_criteria_are_visible_before_they_are_decided(tiny: Tiny) -> None:
    tiny.run("run.epochs=2", 'stop.all=["val_accuracy >= 0.999"]', "stop.every=50")
    stopping = status_of(tiny).stopping
    assert stopping is not None
    assert (stopping.checked_epoch, stopping.criteria[0].passed) == (2, False)  # the last epoch always decides


def test_patience_ends_the_run_with_its_reason(tiny: Tiny) -> None:
    tiny.run("run.epochs=50", "stop.patience=2", "stop.patience_metric=val_loss", "stop.patience_margin=10.0")
    status = status_of(tiny)
    assert (status.state, status.epoch) == ("finished", 2)
    assert status.reason.endswith("for 2 epochs")


def test_a_loss_that_is_not_a_number_fails_with_the_exact_step_and_keeps_the_last_good_checkpoint(tiny: Tiny) -> None:
    assert tiny.run("loss.nan_at=39") == 1
    status = status_of(tiny)
    assert status.state == "failed"
    assert status.reason.startswith("the loss is not a number: loss nan at step 39 (epoch 3)")
    (finding,) = status.findings
    assert "lower optim.lr (now 0.01)" in finding.mend and "step 30" in finding.mend
    assert tiny.run("optim.lr=0.001", resume=True) == 0  # the mend that it names
    assert status_of(tiny).step == 60


def test_a_loss_that_runs_away_fails(tiny: Tiny) -> None:
    assert tiny.run("loss.grow=1.2", "run.epochs=9") == 1
    assert status_of(tiny).reason.startswith("the loss diverges: loss ")


def test_no_checkpoint_is_made_of_broken_weights(tiny: Tiny) -> None:
    assert tiny.run("optim.lr=1e38", "optim.kind=sgd", "stop.divergence=0", "run.log_every=1000") == 1
    assert "not" in status_of(tiny).reason
    assert not list((tiny.folder / "run/checkpoints").glob("*.pt"))


def test_an_exception_is_told_with_its_last_line_and_place(tiny: Tiny, capfd: pytest.CaptureFixture[str]) -> None:
    assert tiny.run("loss.raise_at=20") == 1
    status = status_of(tiny)
    assert status.state == "failed"
    assert status.reason.startswith("KeyError: 'spiral' (tiny_task.py:")
    assert "Traceback (most recent call last)" in capfd.readouterr().err
    assert events_of(tiny)[-1] == "ended"


def test_out_of_memory_is_called_by_its_name(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("tiny_task.TinyTask.batch", exhausted)
    assert tiny.run() == 1
    assert status_of(tiny).reason.startswith("out of memory: RuntimeError")
    assert "lower run.batch (now 8)" in status_of(tiny).findings[0].mend


def test_a_stop_file_ends_at_the_next_step_with_a_checkpoint(tiny: Tiny, at: At) -> None:
    at("batch", 22, lambda: (tiny.folder / "run/stop").write_text("ada\n"))
    assert tiny.run() == 0
    status = status_of(tiny)
    assert (status.state, status.reason, status.step) == ("stopped", "stopped by the stop file: ada", 22)
    assert status.checkpoint is not None and status.checkpoint.step == 22
    assert results_of(tiny)["state"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_at_the_next_step_with_a_checkpoint(tiny: Tiny, at: At, number: signal.Signals) -> None:
    former = signal.getsignal(number)
    at("batch", 22, lambda: os.kill(os.getpid(), number))
    assert tiny.run() == 0
    status = status_of(tiny)
    assert (status.state, status.reason, status.step) == ("stopped", f"stopped by {number.name}", 22)
    assert status.checkpoint is not None and status.checkpoint.step == 22
    assert signal.getsignal(number) is former


def test_a_stop_during_the_preparation_ends_it(tiny: Tiny) -> None:
    stop = tiny.folder / "run/stop"
    stop.parent.mkdir()
    stop.touch()  # asked for before the trainer was there to see it: that counts
    assert tiny.run("measure.prepare_s=60") == 0
    assert (status_of(tiny).state, status_of(tiny).step) == ("stopped", None)
    assert tiny.run(resume=True) == 0  # and is over with the attempt
    assert status_of(tiny).state == "finished"
    assert "stop file removed" in events_of(tiny)


def test_a_stop_file_newer_than_the_resumed_process_counts(tiny: Tiny) -> None:
    tiny.run()
    stop = tiny.folder / "run/stop"
    stop.touch()
    os.utime(stop, (time.time() + 60, time.time() + 60))
    tiny.run("run.epochs=8", resume=True)
    assert status_of(tiny).state == "stopped" and stop.exists()


@pytest.mark.parametrize(
    ("what", "number"),
    [("batch", 1), ("batch", 6), ("batch", 15), ("batch", 16), ("batch", 60), ("evaluate", 1), ("evaluate", 3)],
)
def test_a_stopped_run_goes_on_bit_for_bit(tiny: Tiny, at: At, what: str, number: int) -> None:
    tiny.run(name="whole")
    at(what, number, (tiny.folder / "run/stop").touch)
    tiny.run()
    stopped = status_of(tiny)
    assert stopped.state == "stopped"
    tiny.run(resume=True)
    assert plain_rows(tiny.reader()) == plain_rows(tiny.reader("whole")), stopped
    assert results_of(tiny)["weights_sha256"] == results_of(tiny, "whole")["weights_sha256"]
    assert results_of(tiny)["first"] == results_of(tiny, "whole")["first"]


def test_a_finished_run_that_is_resumed_says_the_same_again(tiny: Tiny) -> None:
    tiny.run()
    before = results_of(tiny)
    assert tiny.run(resume=True) == 0
    after = results_of(tiny)
    process = {"seconds": 0, "memory_peak": 0}  # of the process, which goes on
    assert {**before, **process} == {**after, **process}
    assert len([row for row in tiny.reader().metrics() if row["phase"] == "val"]) == 5


def test_a_finished_run_can_be_given_more_epochs(tiny: Tiny) -> None:
    tiny.run("run.epochs=2")
    tiny.run("run.epochs=4", resume=True)
    assert status_of(tiny).step == 60
    assert tiny.reader().config()["run"]["epochs"] == 4
    tiny.run(name="whole")
    assert results_of(tiny)["weights_sha256"] == results_of(tiny, "whole")["weights_sha256"]


@pytest.mark.parametrize("override", ["run.seed=5", "run.batch=4", "model.width=8", "optim.kind=sgd", "data.train=90"])
def test_what_decides_the_numbers_must_not_change_in_a_resumed_run(tiny: Tiny, override: str) -> None:
    tiny.run()
    with pytest.raises(
        ConfigError, match=f"{override.split('=', maxsplit=1)[0]}: was .* cannot become .* start a new run"
    ):
        tiny.run(override, resume=True)


def test_a_directory_that_holds_a_run_is_not_overwritten(tiny: Tiny) -> None:
    tiny.run()
    with pytest.raises(ConfigError, match="holds a run already — --resume"):
        tiny.run()


def test_a_run_has_one_writer(tiny: Tiny) -> None:
    with RunWriter(tiny.folder / "run"), pytest.raises(RunLocked, match="written by another process"):
        tiny.run()


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tiny: Tiny) -> None:
    tiny.run("run.epochs=3")
    newest = tiny.folder / "run/checkpoints/epoch-0003-step-00000045.pt"
    newest.write_bytes(newest.read_bytes()[:-100] + bytes(100))
    tiny.run("run.epochs=4", resume=True)
    (warning,) = [event for event in tiny.reader().events() if event["event"] == "warning"]
    assert "step-00000045.pt cannot be used: its checksum is" in warning["text"]
    tiny.run("run.epochs=4", name="whole")
    assert plain_rows(tiny.reader()) == plain_rows(tiny.reader("whole"))
    assert results_of(tiny)["weights_sha256"] == results_of(tiny, "whole")["weights_sha256"]


def test_the_winner_takes_the_race_and_its_rival_loses_it(tiny: Tiny) -> None:
    folder = tiny.folder / "race"
    rule = 'stop.all=["val_accuracy >= 0.5"]'
    tiny.run(rule, f"race.folder={folder}", "origin.worker=swift", name="one")
    assert status_of(tiny, "one").reason == "all criteria held after epoch 1; won the race"
    found = race.winner(folder)
    assert found is not None and (found.run, found.worker) == ("one", "swift")
    tiny.run(rule, f"race.folder={folder}", name="two")
    assert status_of(tiny, "two").state == "lost the race"
    assert status_of(tiny, "two").reason == "swift met all criteria first (run one)"


def test_a_rival_that_wins_ends_the_run_at_the_next_step(tiny: Tiny, at: At) -> None:
    folder = tiny.folder / "race"
    at("batch", 22, lambda: race.claim(folder, "other", "quick"))
    assert tiny.run(f"race.folder={folder}", 'stop.all=["val_accuracy >= 2"]') == 0
    status = status_of(tiny)
    assert (status.state, status.step) == ("lost the race", 22) and "quick" in status.reason
    assert status.checkpoint is not None and status.checkpoint.step == 22
    assert results_of(tiny)["state"] == "lost the race"


def test_who_meets_the_criteria_second_has_lost(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny.folder / "race"
    claim = race.claim

    def beaten(where: Path, run: str, worker: str) -> bool:
        claim(where, "other", "quick")
        return claim(where, run, worker)

    monkeypatch.setattr(race, "claim", beaten)
    tiny.run(f"race.folder={folder}", 'stop.all=["val_accuracy >= 0.4"]')
    assert status_of(tiny).state == "lost the race"


def test_the_winner_that_is_resumed_has_still_won(tiny: Tiny) -> None:
    overrides = (f"race.folder={tiny.folder / 'race'}", 'stop.all=["val_accuracy >= 0.4"]')
    tiny.run(*overrides)
    tiny.run(*overrides, resume=True)
    assert status_of(tiny).state == "criteria met"


def test_pictures_that_cannot_be_drawn_spoil_nothing_else(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def clumsy(*_: object) -> None:
        raise ZeroDivisionError("no ink")

    monkeypatch.setattr("tiny_task.TinyTask.finish", clumsy)
    assert tiny.run() == 0
    assert status_of(tiny).state == "finished" and status_of(tiny).figures == ()
    assert "no ink" in status_of(tiny).findings[0].proof


def test_mixed_precision_and_clipping_and_a_schedule_train(tiny: Tiny) -> None:
    optim = ("kind=adamw", "clip=0.01", "weight_decay=0.1", "schedule=cosine", "warmup_steps=5")
    assert tiny.run("run.precision=bf16", *(f"optim.{item}" for item in optim)) == 0
    train = [row for row in tiny.reader().metrics() if row["phase"] == "train"]
    assert all(math.isfinite(row["grad_norm"]) for row in train)
    assert train[0]["lr"] == pytest.approx(0.008) and train[-1]["lr"] < 1e-4


def test_every_state_of_a_run_is_one_that_readers_know(tiny: Tiny) -> None:
    tiny.run()
    assert status_of(tiny).state in ENDED
    kept = json.loads((tiny.folder / "run/checkpoints/index.json").read_text())["checkpoints"]
    assert [entry["step"] for entry in kept] == [45, 60]
