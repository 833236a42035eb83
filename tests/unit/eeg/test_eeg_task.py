"""The EEG task: what it takes from which subjects, what it does to windows, and what it learns of a known signal."""

import dataclasses
import errno
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.cli import main
from trainer.config import load, parse
from trainer.data import room
from trainer.evaluating import evaluate
from trainer.journal import NO_ROOM
from trainer.record import RunReader
from trainer.schema import ConfigError
from trainer.session import run
from trainer.stepping import Stepper
from trainer.tasks import Predicts
from trainer.tasks.eeg import measures
from trainer.tasks.eeg.augment import augmented
from trainer.tasks.eeg.data import windows
from trainer.tasks.eeg.data.made import bdf
from trainer.tasks.eeg.inspect import inspect
from trainer.tasks.eeg.settings import Augment, Data, Made, Model, Settings
from trainer.tasks.eeg.task import EegTask

CPU = torch.device("cpu")
THIN = Model(filters=4, deep=4, kernel=16)


def settings(folder: Path, **data: object) -> Settings:
    return Settings(data=Data(source="folder", folder=str(folder), folds=3, readers=2, **data), model=THIN)  # type: ignore[arg-type]


def prepared(given: Settings, root: Path, told: list[tuple[str, float, float | None]] | None = None) -> EegTask:
    task = EegTask(given, seed=0, root=root)
    task.prepare(lambda what, done, total: (told if told is not None else []).append((what, done, total)))
    return task


def test_the_scale_is_that_of_the_training_subjects_alone(made: Path, tmp_path: Path) -> None:
    before = prepared(settings(made), tmp_path / "one")
    loud = tmp_path / "loud"
    shutil.copytree(made, loud)
    for _, subject in (*before.study.splits["test"].subjects, *before.study.splits["val"].subjects):
        (path,) = (loud / f"sub-{subject}").rglob("*_eeg.bdf")
        data = path.read_bytes()
        head = 256 * (1 + 3)  # bytes of the header, of three channels
        noise = np.random.default_rng(0).integers(0, 256, len(data) - head, dtype=np.uint8)
        path.write_bytes(data[:head] + noise.tobytes())
    after = prepared(settings(loud), tmp_path / "two")
    torch.manual_seed(0)
    first = before.model().state_dict()
    torch.manual_seed(0)
    second = after.model().state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    loudness = [task.batch("test", torch.arange(4), CPU).windows.std() for task in (before, after)]
    assert loudness[1] > 20 * loudness[0]
    assert 0.9 < float((before.batch("val", torch.arange(6), CPU).windows / first["spread"][:, None]).std()) < 2


def test_a_damaged_recording_is_named_and_left_out_or_refused(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(made, folder)
    (path,) = (folder / "sub-002").rglob("*_eeg.bdf")
    os.truncate(path, 5000)
    told: list[tuple[str, float, float | None]] = []
    task = prepared(settings(folder), tmp_path / "root", told)
    (skipped,) = task.study.skipped
    assert told[-1][0] == f"left out: {skipped}"
    assert skipped.startswith("subject 002: ") and "ends at byte 5000, in record" in skipped
    assert task.notes == (f"1 recordings left out, the first: {skipped}",)
    assert sum(len(part.subjects) for part in task.study.splits.values()) == 5
    with pytest.raises(ConfigError, match=r'subject 002: .*_eeg\.bdf: ends at byte 5000.*set data.damaged = "skip"'):
        prepared(settings(folder, damaged="refuse"), tmp_path / "root")


def test_a_full_disk_is_waited_out_and_not_held_against_the_subject(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "RETRY_S", 0.01)
    former, left = windows._keep, [3]

    def keep(found: windows.Windows, path: Path) -> None:
        if left[0]:
            left[0] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        former(found, path)

    monkeypatch.setattr(windows, "_keep", keep)
    told: list[tuple[str, float, float | None]] = []
    task = prepared(settings(made), tmp_path, told)
    assert not task.study.skipped and sum(len(part.subjects) for part in task.study.splits.values()) == 6
    assert any(what.startswith(NO_ROOM) for what, _, _ in told) and told[-1] == ("reading subjects", 6, 6)


def test_whoever_stops_the_loading_finds_no_reader_left(made: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def report(what: str, done: float, total: float | None) -> None:
        if done == 2:
            raise Enough

    with pytest.raises(Enough):
        EegTask(settings(made), seed=0, root=tmp_path).prepare(report)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]
    assert not list(tmp_path.rglob("*.part"))


def test_loading_says_how_far_it_is(made: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float, float | None]] = []
    prepared(settings(made), tmp_path, told)
    assert told == [("reading subjects", number, 6) for number in range(7)]


def test_channels_that_differ_are_told_with_the_mend(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(made, folder)
    (path,) = (folder / "sub-003").rglob("*_eeg.bdf")
    path.write_bytes(bdf(np.zeros((2, 2000)), 100))
    with pytest.raises(ValueError, match=r"name those to use in data.channels"):
        prepared(settings(folder), tmp_path / "root")
    assert prepared(settings(folder, channels=("E2",)), tmp_path / "root").study.channels == ("E2",)


def test_a_second_start_reads_no_recording(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(settings(made), tmp_path).batch("train", torch.arange(5), CPU)
    monkeypatch.setattr("trainer.tasks.eeg.data.bdf.read", None)
    second = prepared(settings(made), tmp_path).batch("train", torch.arange(5), CPU)
    assert torch.equal(first.windows, second.windows)


def test_only_training_windows_are_changed(made: Path, tmp_path: Path) -> None:
    task, rows = prepared(settings(made), tmp_path), torch.arange(5)
    for split, same in (("train", False), ("val", True), ("test", True)):
        plain = torch.from_numpy(task.study.splits[split].take(rows.numpy()))
        assert torch.equal(task.batch(split, rows, CPU).windows, plain) == same
        assert torch.equal(task.batch(split, rows, CPU).windows, task.batch(split, rows, CPU).windows)


@given(
    st.integers(0, 99),
    st.integers(1, 9),
    st.lists(st.integers(0, 50), min_size=2, max_size=9, unique=True),
    st.data(),
)
def test_changes_of_a_window_do_not_depend_on_those_that_come_with_it(
    seed: int, epoch: int, rows: list[int], data: st.DataObject
) -> None:
    windows = torch.randn(51, 40, 20, generator=torch.Generator().manual_seed(seed))
    spread, global_state = torch.linspace(1, 9, 40), torch.get_rng_state()

    def changed(numbers: list[int], epoch: int = epoch, noise: float = 0.01) -> torch.Tensor:
        return augmented(windows[numbers], spread, Augment(noise=noise), numbers, seed=seed, epoch=epoch)

    together = changed(rows)
    other = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(1, len(rows) - 1))
    apart = torch.cat([changed(other[:cut]), changed(other[cut:])])
    assert torch.equal(together, torch.stack([apart[other.index(row)] for row in rows]))
    assert torch.equal(torch.get_rng_state(), global_state)
    for place, row in enumerate(rows):
        assert not torch.equal(together[place], changed([row], epoch + 1)[0])
        assert not torch.equal(together[place], windows[row])
    ratios = changed(rows, noise=0.0) / windows[rows]
    assert float(ratios[ratios != 0].min()) >= 0.799 and float(ratios.max()) <= 1.201


def test_changes_have_their_sizes() -> None:
    windows, spread, numbers = torch.zeros(400, 30, 20), torch.full((30,), 7.0), list(range(400))
    noise = augmented(windows, spread, Augment(), numbers, seed=0, epoch=1)
    assert float(noise.std()) == pytest.approx(0.07, rel=0.02)
    silent = augmented(windows + 1, spread, Augment(noise=0), numbers, seed=0, epoch=1)
    assert float((silent == 0).float().mean()) == pytest.approx(0.1, abs=0.01)


def test_batches_of_an_epoch_are_the_same_however_they_are_cut(made: Path, tmp_path: Path) -> None:
    task = prepared(settings(made), tmp_path)
    task.epoch(3)
    whole = task.batch("train", torch.arange(7), CPU).windows
    parts = [task.batch("train", part, CPU).windows for part in torch.arange(7).split(2)]
    assert torch.equal(whole, torch.cat(parts))
    task.epoch(4)
    assert not torch.equal(whole, task.batch("train", torch.arange(7), CPU).windows)


@pytest.mark.parametrize("command", ["run", "trial", "find-lr", "inspect", "make"])
def test_a_damaged_folder_is_one_sentence(
    made: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(made, folder)
    for path in folder.rglob("*_eeg.bdf"):
        os.truncate(path, 5000)
    words = {
        "run": ["run", "eeg", "--run-dir", str(tmp_path / "run")],
        "trial": ["run", "eeg", "--trial", "--run-dir", str(tmp_path / "run")],
        "find-lr": ["find-lr", "eeg"],
        "inspect": ["data", "inspect", "eeg"],
        "make": ["data", "make", "eeg"],
    }[command]
    sets = ['data.source="folder"', f'data.folder="{folder}"', "data.folds=3", f'run.data="{tmp_path}/root"']
    assert main([*words, *(word for item in sets for word in ("--set", item))]) == 2
    out, complaint = capfd.readouterr()
    assert "Traceback" not in out + complaint
    assert "none of 6 recordings can be used" in out + complaint and "byte 5000" in out + complaint
    if command in ("run", "trial"):
        status = RunReader(tmp_path / "run").status()
        assert status is not None and status.state == "failed" and status.findings[0].mend.startswith("mend them")


def trained(given: Settings, root: Path, steps: int) -> float:
    """NRMSE on held-out subjects."""
    config = parse('task = "eeg"\n[optim]\nlr = 0.004\n', "test.toml")
    torch.manual_seed(0)
    task = prepared(given, root)
    stepper = Stepper(config, task, CPU)
    size, draws = task.size("train"), torch.Generator().manual_seed(0)
    for number in range(1, steps + 1):
        rows = torch.randperm(size, generator=draws)[:64]
        stepper.step([(PART, task.batch("train", rows, CPU))], 0.004, number)
    found = evaluate(config, task, stepper.judged, "test", device=CPU, epoch=1, report=lambda *_: None)
    assert found.metrics["val_nrmse_mean"] == pytest.approx(1.0, abs=0.1)
    return found.metrics["val_nrmse"]


class PART:
    weight, samples, last = 1, 64, True


def test_a_signal_is_learned_and_shuffled_targets_are_not(tmp_path: Path) -> None:
    """The leakage test: targets dealt out at random must leave nothing to be learned for other people's windows."""
    small = Made(subjects=9, trials=40, channels=4, rate=100, signal=3.0)
    data = Data(folds=3, rate=50.0)
    honest = trained(Settings(data=data, made=small, model=THIN), tmp_path, 60)
    leaking = trained(Settings(data=dataclasses.replace(data, shuffle=True), made=small, model=THIN), tmp_path, 60)
    assert honest < 0.85
    assert 0.95 < leaking < 1.25


def test_the_measures_beside_those_who_know_nothing() -> None:
    target = np.array([1.0, 2.0, 3.0, 4.0])
    found = measures.of_numbers(np.full(4, 2.5), target, 2.5, 2.0)
    assert found["val_nrmse"] == found["val_nrmse_mean"] == pytest.approx(1.0)
    assert found["val_loss"] == pytest.approx(1.25 / 4) and found["val_correlation"] == 0
    assert measures.of_numbers(target, target, 0.0, 1.0)["val_nrmse"] == 0
    logits = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    classes = measures.of_classes(logits, np.array([0.0, 1.0, 1.0]), 1)
    assert classes["val_accuracy"] == classes["val_accuracy_mean"] == pytest.approx(2 / 3)


def test_bounds_hold_after_a_step(made: Path, tmp_path: Path) -> None:
    task = prepared(settings(made), tmp_path)
    stepper = Stepper(parse('task = "eeg"\n', "test.toml"), task, CPU)
    stepper.step([(PART, task.batch("train", torch.arange(12), CPU))], 5.0, 1)
    network = stepper.model.network.requires_grad_(False)
    assert network.block_3[0].weight.flatten(1).norm(dim=1).max() == pytest.approx(1.0, abs=1e-5)
    assert network.final_layer.weight.norm(dim=1).max() <= 0.25 + 1e-5


@pytest.mark.parametrize("kind", ["cross entropy", "focal"])
def test_classes_are_told_and_can_be_compared(made: Path, tmp_path: Path, kind: str) -> None:
    given = settings(made, target="correct", goal="class")
    given = dataclasses.replace(given, loss=dataclasses.replace(given.loss, kind=kind))
    task = prepared(given, tmp_path)
    assert task.study.classes == ("fast", "slow")
    config = parse('task = "eeg"\n', "test.toml")
    model = task.model()
    loss, figures = task.loss(model, task.batch("train", torch.arange(8), CPU))
    assert 0 < float(loss.detach()) < 1.5 and 0 <= float(figures["accuracy"]) <= 1
    found = evaluate(config, task, model, "val", device=CPU, epoch=0, report=lambda *_: None)
    assert isinstance(task, Predicts)
    said = task.predictions("val", found)
    assert said.logits.shape == (task.size("val"), 2) and said.samples
    assert float((said.logits.argmax(1) == said.labels).mean()) == found.metrics["val_accuracy"]


def test_numbers_cannot_be_compared_by_class(made: Path, tmp_path: Path) -> None:
    task = prepared(settings(made), tmp_path)
    found = evaluate(
        parse('task = "eeg"\n', "t"), task, task.model(), "val", device=CPU, epoch=0, report=lambda *_: None
    )
    with pytest.raises(ConfigError, match="numbers have no classes"):
        task.predictions("val", found)


@pytest.mark.parametrize(
    ("sets", "what"),
    [
        (['loss.kind="focal"'], r'focal.*says nothing of numbers: use "mse", or data.goal = "class"'),
        (['loss.kind="mse"', 'data.goal="class"'], "does not fit data.goal"),
        (['data.source="folder"'], r"data\.folder"),
        (["data.fold=5"], r"data\.fold.*0 to 4"),
        (['data.test_release="R9"'], r"data\.test_release"),
        (["augment.low=2.0"], r"augment\.high"),
        (["data.length=0.2"], r"too few samples for the network"),
    ],
)
def test_settings_that_cannot_be(sets: list[str], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        load("eeg", sets)


def test_what_the_data_are(made: Path, tmp_path: Path) -> None:
    found = inspect(settings(made), seed=0, root=tmp_path, picture=None, verify=True)
    assert Path(found["picture"]).read_bytes().startswith(b"\x89PNG") and found["damaged"] == []
    assert found["channels"] == 3 and found["left out"] == [] and found["windows beyond the end"] == 0
    assert sum(found[split]["subjects"] for split in ("train", "val", "test")) == 6
    kept = min((tmp_path / "eeg/windows").glob("*.npy"))
    kept.write_bytes(kept.read_bytes()[:-4] + b"\0\0\x80?")
    again = inspect(settings(made), seed=0, root=tmp_path, picture=tmp_path / "p.png", verify=True)
    assert len(again["damaged"]) == 1 and (tmp_path / "p.png").exists()


SETS = [
    "run.epochs=3", "run.batch=8", "run.threads=1", "run.validate_every=1", "optim.sam=0.05", "run.log_every=1",
    "made.subjects=6", "made.trials=6", "made.channels=3", "made.rate=100", "data.folds=3",
    "model.filters=4", "model.deep=4", "model.kernel=16", 'run.device="cpu"',
]  # fmt: skip


def test_a_run_that_is_broken_off_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load("eeg", [*SETS, f'run.data="{tmp_path}/data"'])
    assert run(config, tmp_path / "whole", resume=False, since=time.time()) == 0
    former, calls = EegTask.loss, []

    def loss(self: EegTask, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 7:  # two calls a step, three steps an epoch: in the middle of the second
            (tmp_path / "broken/stop").touch()
        return former(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(EegTask, "loss", loss)
    assert run(config, tmp_path / "broken", resume=False, since=time.time()) == 0
    status = RunReader(tmp_path / "broken").status()
    assert status is not None and status.state == "stopped" and (status.step or 0) % 3
    assert run(config, tmp_path / "broken", resume=True, since=time.time()) == 0
    whole, broken = (RunReader(tmp_path / name).document("results.json") for name in ("whole", "broken"))
    assert whole and broken and whole["weights_sha256"] == broken["weights_sha256"]
    assert whole["metrics"] == broken["metrics"] and whole["figures"] == ["figures/eeg.png"]
