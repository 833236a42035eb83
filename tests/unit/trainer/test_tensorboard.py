"""TensorBoard events say what metrics.jsonl says: read back with tensorboard itself."""

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import Tiny

from trainer.record import RunReader, RunWriter
from trainer.tensorboard import FOLDER, Events

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROW = {"step": 1, "epoch": 1, "phase": "train"}


def read(run: Path) -> EventAccumulator:
    found = EventAccumulator(str(run / FOLDER), size_guidance={"scalars": 0})
    found.Reload()
    return found


def same(found: EventAccumulator, rows: list[Any]) -> None:
    """Every figure of every row, and no other."""
    wanted = {
        (f"{row['phase']}/{name}", row["step"], round(row["t"], 1), round(value, 4))
        for row in rows
        for name, value in row.items()
        if name not in ("t", "step", "epoch", "phase")
    }
    there = [
        (tag, event.step, round(event.wall_time, 1), round(event.value, 4))
        for tag in found.Tags()["scalars"]
        for event in found.Scalars(tag)
    ]
    assert len(there) == len(wanted)
    assert {item[:2] for item in there} == {item[:2] for item in wanted}
    for one, other in zip(sorted(there), sorted(wanted), strict=True):
        assert one[3] == pytest.approx(other[3], rel=1e-3, abs=1e-3) and abs(one[2] - other[2]) < 5


def test_a_run_that_is_stopped_and_resumed_has_every_row_once(tiny: Tiny) -> None:
    assert tiny.run("run.tensorboard=true", "run.steps=20", "checkpoint.every=1") == 0
    same(read(tiny.folder / "run"), list(tiny.reader().metrics()))
    running = EventAccumulator(str(tiny.folder / "run" / FOLDER), size_guidance={"scalars": 0})
    running.Reload()  # a TensorBoard that looks on
    (tiny.folder / "run" / "checkpoints" / "index.json").unlink()
    newest = sorted((tiny.folder / "run" / "checkpoints").glob("*.pt"))[-1]
    newest.write_bytes(b"damaged")  # so the resume takes rows back
    assert tiny.run("run.tensorboard=true", "run.steps=0", "checkpoint.every=1", resume=True) == 0
    rows = list(tiny.reader().metrics())
    assert len({(row["phase"], row["step"], row["epoch"]) for row in rows}) == len(rows)
    same(read(tiny.folder / "run"), rows)
    assert len(list((tiny.folder / "run" / FOLDER).iterdir())) == 1


def test_turned_on_later_it_has_what_was_before(tiny: Tiny) -> None:
    assert tiny.run("run.steps=20") == 0
    assert not (tiny.folder / "run" / FOLDER).exists()
    assert tiny.run("run.tensorboard=true", "run.steps=0", resume=True) == 0
    same(read(tiny.folder / "run"), list(tiny.reader().metrics()))


def test_a_tensorboard_that_looks_on_forgets_what_was_taken_back(tmp_path: Path) -> None:
    with RunWriter(tmp_path) as writer:
        for attempt in (Events(tmp_path), Events(tmp_path)):
            for step in (1, 2, 3):
                row = {**ROW, "step": step, "loss": 1.0 / step}
                writer.metric(row)
                attempt.follow(row)
            if attempt is not None:
                looking = EventAccumulator(str(tmp_path / FOLDER), size_guidance={"scalars": 0})
                looking.Reload()
            attempt.close()
            writer.metric({"step": -1, "epoch": 0, "phase": "resume"})
    assert [event.step for event in looking.Scalars("train/loss")] == [1, 2, 3]


@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.floats(width=64), max_size=4),
    st.integers(0, 2**62),
)
def test_any_figures_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, figures: dict[str, float], step: int
) -> None:
    run = tmp_path_factory.mktemp("run")
    names = {f"m{number}": value for number, value in enumerate(figures.values())}
    with RunWriter(run) as writer:
        row = {**ROW, "step": step, **names}
        writer.metric(row)
        events = Events(run)
        events.follow(row)
        events.close()
    found = read(run)
    assert set(found.Tags()["scalars"]) == {f"train/{name}" for name in names}
    for name, value in names.items():
        (event,) = found.Scalars(f"train/{name}")
        assert event.step == step
        if math.isnan(value):
            assert math.isnan(event.value)
        else:
            assert event.value == pytest.approx(value, rel=1e-6, abs=1e-37) or math.isinf(event.value)
    assert RunReader(run).metrics()
