"""Copies of slow folders: whole, checked, resumed after kill -9, refused when they would not fit."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_runs import ROOT, environment

from trainer.cli import main
from trainer.data import staging
from trainer.data.staged import HEAD, JOURNAL, described
from trainer.data.staging import Order, damaged, journal, plan, stage
from trainer.schema import ConfigError


def silent(what: str, done: float, total: float | None) -> None:
    pass


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "mount"
    for split, count in (("train", 6), ("val", 2)):
        for name in ("ant", "bee", "cow"):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                (folder / split / name / f"{number}.jpg").write_bytes(f"{split} {name} {number} ".encode() * 4_000)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}


def test_a_copy_is_whole_and_the_second_time_costs_nothing(source: Path, tmp_path: Path) -> None:
    order = Order(source, tmp_path / "local")
    told: list[tuple[float, float | None]] = []
    found = stage(order, lambda what, done, total: told.append((done, total)))
    assert found.files == found.copied == 24 and contents(tmp_path / "local") == contents(source)
    assert told[-1] == (found.size, found.size) and damaged(tmp_path / "local") == []
    assert stage(order, silent).copied == 0
    (note,) = described(tmp_path / "local")
    assert f"of {source}" in note and "24 files" in note
    assert described(source) == ()


def test_what_changed_or_went_is_copied_again(source: Path, tmp_path: Path) -> None:
    order = Order(source, tmp_path / "local")
    stage(order, silent)
    (source / "train/ant/0.jpg").write_bytes(b"new")
    (tmp_path / "local/val/bee/1.jpg").unlink()
    assert stage(order, silent).copied == 2 and contents(tmp_path / "local") == contents(source)
    path = tmp_path / "local/train/cow/3.jpg"
    path.write_bytes(path.read_bytes().replace(b"c", b"k"))
    assert damaged(tmp_path / "local") == ["train/cow/3.jpg"]
    assert main(["data", "stage", str(source), str(tmp_path / "local"), "--verify"]) == 1


def test_a_subset_is_the_first_by_name_as_the_task_chooses_it(source: Path) -> None:
    found = [item.path for item in plan(source, 2, 3, silent)]
    assert [path for path in found if path.startswith("train")] == [
        f"train/{name}/{number}.jpg" for name in ("ant", "bee") for number in range(3)
    ]
    assert len([path for path in found if path.startswith("val")]) == 4


def test_killed_and_begun_again_it_goes_on(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "local"
    total = sum(len(data) for data in contents(source).values())
    command = ["-m", "trainer", "data", "stage", str(source), str(target), "--rate", f"{total / 20e6}"]
    with subprocess.Popen([sys.executable, *command], env=environment(), cwd=ROOT, stdout=subprocess.DEVNULL) as work:
        ends = time.monotonic() + 60
        while len(journal(target)) < 2 and time.monotonic() < ends:
            time.sleep(0.02)
        work.send_signal(signal.SIGKILL)
    with (target / JOURNAL).open("ab") as file:
        file.write(b'["train/ant')
    arrived = len(journal(target))
    assert 2 <= arrived < 24
    with pytest.raises(ConfigError, match="unfinished copy"):
        described(target)
    found = stage(Order(source, target), silent)
    assert found.copied == 24 - arrived and contents(target) == contents(source)
    assert not list(target.rglob("*.part")) and len(journal(target)) == 24
    assert json.loads((target / HEAD).read_text())["complete"] is True


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real filesystem of 256 KiB with 16 names."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-o", "size=256k,nr_inodes=16"]
    if subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no right to mount a tmpfs here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_what_does_not_fit_is_refused_before_the_first_byte(source: Path, small_disk: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"GB are free.*copy less"):
        stage(Order(source, small_disk / "copy"), silent)
    assert not list(small_disk.rglob("*.jpg"))
    for path in source.rglob("*.jpg"):
        path.write_bytes(b"small")
    with pytest.raises(ConfigError, match="inodes free"):
        stage(Order(source, small_disk / "copy"), silent)


def test_a_disk_that_fills_up_ends_it_and_nothing_is_lost(
    source: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "check_room", lambda target, missing: None)
    order = Order(source, small_disk / "copy", classes=1, per_class=6, workers=2)
    with pytest.raises(OSError, match="No space left"):
        stage(order, silent)
    arrived = journal(small_disk / "copy")
    assert 0 < len(arrived) < 8 and not list((small_disk / "copy").rglob("*.part"))
    assert damaged(small_disk / "copy") == []


def test_a_source_that_vanishes_is_said_with_the_mend(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = staging._one

    def unmount(*arguments: object) -> str:
        if source.exists() and arguments[2].path == "train/bee/0.jpg":
            source.rename(tmp_path / "away")
        return real(*arguments)

    monkeypatch.setattr(staging, "_one", unmount)
    with pytest.raises(OSError, match=r"cannot be read any more.*stage again; what has arrived stays"):
        stage(Order(source, tmp_path / "local", workers=1), silent)
    (tmp_path / "away").rename(source)
    monkeypatch.setattr(staging, "_one", real)
    assert stage(Order(source, tmp_path / "local"), silent).copied == 18


def test_folders_that_cannot_be_meant_are_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    stage(Order(source, tmp_path / "local"), silent)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("x")
    for order, told in (
        (Order(tmp_path / "nowhere", tmp_path / "a"), "cannot be read"),
        (Order(source, source / "inside"), "lie in each other"),
        (Order(source, tmp_path / "full"), "holds other things"),
        (Order(tmp_path / "other", tmp_path / "local"), "is a copy of"),
        (Order(tmp_path / "other", tmp_path / "b", classes=2), "has no train/"),
    ):
        with pytest.raises(ConfigError, match=told):
            stage(order, silent)


def test_the_command_tells_programs(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "stage", str(source), str(tmp_path / "local"), "--json", "--per-class", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"] == found["copied"] == 9 and found["copied_bytes"] == found["size"]
    assert main(["data", "stage", str(tmp_path / "nowhere"), str(tmp_path / "c")]) == 2
