"""Windows of recordings: what is cut, what is kept on disk, what is left out."""

import dataclasses
import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from trainer.tasks.eeg.data import windows as module
from trainer.tasks.eeg.data.made import bdf
from trainer.tasks.eeg.data.recordings import Recording, find, read_events
from trainer.tasks.eeg.data.windows import content_of, cut, load
from trainer.tasks.eeg.settings import Data

DATA = Data(source="folder", folder="unused", offset=0.5, length=1.0, rate=100.0)


def recording(folder: Path, onsets: list[object], signals: np.ndarray | None = None, rate: int = 100) -> Recording:
    """Ten seconds of one channel that counts tenths of µV, and one of zeros."""
    base = folder / "sub-a" / "eeg"
    base.mkdir(parents=True, exist_ok=True)
    if signals is None:
        signals = np.stack([np.arange(1000) / 10.0, np.zeros(1000)])
    (base / "sub-a_task-x_eeg.bdf").write_bytes(bdf(signals, rate))
    lines = ["onset\ttrial_type\tresponse_time", *(f"{onset}\tgo\t{number}" for number, onset in enumerate(onsets))]
    (base / "sub-a_task-x_events.tsv").write_text("\n".join(lines) + "\n")
    (found,) = find(DATA, folder)
    return found


def test_windows_begin_after_the_event_and_have_their_length(tmp_path: Path) -> None:
    found = cut(recording(tmp_path, [1.0, 2.5]), DATA)
    assert found.signals.shape == (2, 2, 100) and found.targets == ("0", "1") and found.short == 0
    for window, begin in zip(found.signals, (150, 300), strict=True):
        ramp = np.arange(begin, begin + 100) / 10
        assert window[0] == pytest.approx(ramp - ramp.mean(), abs=2e-3)


def test_windows_that_reach_beyond_the_recording_are_counted(tmp_path: Path) -> None:
    found = cut(recording(tmp_path, [-0.6, -0.5, 8.5, 8.51, 99]), DATA)
    assert found.targets == ("1", "2") and found.short == 3


def test_windows_after_resampling_begin_at_the_same_moment(tmp_path: Path) -> None:
    time = np.arange(5000) / 500
    signals = np.exp(-(((time - 3.0) / 0.05) ** 2))[None] * 100
    found = cut(recording(tmp_path, [2.0], signals, 500), DATA)
    assert int(found.signals[0, 0].argmax()) == 50  # 0.5 s after the window's beginning at 2.5 s


def test_the_kept_windows_are_those_that_were_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item, cache = recording(tmp_path / "data", [1, 2, 3]), tmp_path / "cache"
    cache.mkdir()
    fresh = cut(item, DATA)
    first = load(item, DATA, cache)
    monkeypatch.setattr(module, "cut", None)  # a second reading would fail
    again = load(item, DATA, cache)
    assert isinstance(again.signals, np.memmap)
    for found in (first, again):
        assert found.signals.tobytes() == fresh.signals.tobytes()
        assert (found.targets, found.channels, found.short) == (fresh.targets, fresh.channels, fresh.short)


@pytest.mark.parametrize(
    "change", [{"offset": 0.6}, {"length": 1.5}, {"rate": 50.0}, {"channels": ("E2",)}, {"target": "onset"}]
)
def test_other_rules_give_other_windows(tmp_path: Path, change: dict[str, object]) -> None:
    item, cache = recording(tmp_path / "data", [1, 2, 3]), tmp_path / "cache"
    cache.mkdir()
    load(item, DATA, cache)
    other = dataclasses.replace(DATA, **change)
    assert load(item, other, cache).signals.tobytes() == cut(item, other).signals.tobytes()
    assert load(item, other, cache).targets == cut(item, other).targets


def test_a_changed_file_gives_new_windows_and_a_copied_one_the_old(tmp_path: Path) -> None:
    item, cache = recording(tmp_path / "data", [1, 2, 3]), tmp_path / "cache"
    cache.mkdir()
    load(item, DATA, cache)
    before = content_of(item, cache)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    (copy,) = find(DATA, tmp_path / "copy")
    assert content_of(copy, cache) == before
    item.events.write_text(item.events.read_text() + "4\tgo\t9\n")
    assert content_of(item, cache) != before and len(load(item, DATA, cache)) == 4


def test_kept_windows_that_are_damaged_are_cut_again(tmp_path: Path) -> None:
    item, cache = recording(tmp_path / "data", [1, 2, 3]), tmp_path / "cache"
    cache.mkdir()
    whole = load(item, DATA, cache).signals.tobytes()
    (kept,) = cache.glob("*.npy")
    os.truncate(kept, kept.stat().st_size // 2)
    assert load(item, DATA, cache).signals.tobytes() == whole


def one(item: Recording, cache: Path) -> bytes:
    return load(item, DATA, cache).signals.tobytes()


def test_two_processes_at_once(tmp_path: Path) -> None:
    item, cache = recording(tmp_path / "data", list(range(8))), tmp_path / "cache"
    cache.mkdir()
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        found = pool.starmap(one, [(item, cache)] * 4, chunksize=1)
    assert set(found) == {cut(item, DATA).signals.tobytes()}
    assert not list(cache.glob("*.part"))


def test_a_channel_that_is_not_there_is_named(tmp_path: Path) -> None:
    item = recording(tmp_path, [1])
    with pytest.raises(ValueError, match=r"_eeg.bdf: has no channel 'Cz'; data.channels may name E1, E2"):
        cut(item, dataclasses.replace(DATA, channels=("Cz",)))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("onset\tresponse_time\n1\tfast\n", r"_events.tsv:2: response_time is 'fast', not a number"),
        ("onset\tresponse_time\n1\t0.5\nx\t0.5\n", r"_events.tsv:3: onset is 'x', not a number"),
        ("onset\tresponse_time\ninf\t0.5\n", r"_events.tsv:2: onset is 'inf'"),
        ("onset\tduration\n1\t0\n", r"_events.tsv:1: has no column 'response_time', but onset, duration"),
    ],
)
def test_tables_of_events_that_cannot_be_read(tmp_path: Path, text: str, what: str) -> None:
    item = recording(tmp_path, [1])
    item.events.write_text(text)
    with pytest.raises(ValueError, match=what):
        read_events(item.events, DATA)


def test_events_are_chosen_by_kind_and_those_without_target_left(tmp_path: Path) -> None:
    item = recording(tmp_path, [1])
    item.events.write_text("onset\ttrial_type\tresponse_time\n1\tgo\t0.5\n2\tstop\t0.6\n3\tgo\tn/a\n4\tgo\t\n5\tgo\n")
    found = read_events(item.events, dataclasses.replace(DATA, event="go"))
    assert [(event.onset, event.target) for event in found] == [(1.0, "0.5")]
    item.events.unlink()
    with pytest.raises(ValueError, match="has no table of events"):
        read_events(item.events, DATA)


def test_folders_without_recordings_say_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no recordings — sub-NAME/…/\*_eeg.bdf or .edf is looked for"):
        find(DATA, tmp_path)
    with pytest.raises(ValueError, match="there is no such folder"):
        find(DATA, tmp_path / "nowhere")
    recording(tmp_path, [1])
    with pytest.raises(ValueError, match="no recordings of task-y"):
        find(dataclasses.replace(DATA, task="y"), tmp_path)
