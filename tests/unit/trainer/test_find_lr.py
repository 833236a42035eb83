"""The learning-rate finder: what it suggests, that it leaves no trace, that it never hangs, and what it writes."""

import dataclasses
import json
import math
import threading
from pathlib import Path

import pytest
import tiny_task
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import BASE, Tiny

from trainer import find_lr, order
from trainer.cli import main
from trainer.find_lr import Asked, exploded, print_of, smoothed, suggest, sweep, untouched
from trainer.record.edit import put
from trainer.stepping import Stepper
from trainer.tasks import REGISTRY


def silent(what: str, done: float, total: float | None) -> None:
    pass


ASKED = Asked(low=1e-4, high=10.0, steps=60)
SGD = ('optim.kind="sgd"', "run.batch=16")


def test_it_suggests_a_rate_within_the_sweep_and_the_same_one_again(tiny: Tiny) -> None:
    first, second = (sweep(tiny.config(*SGD), ASKED, silent) for _ in range(2))
    assert first.suggestion is not None and ASKED.low < first.suggestion < ASKED.high
    assert first.losses == second.losses and first.suggestion == second.suggestion
    assert first.rates[0] == ASKED.low and first.rates[len(first.rates) - 1] <= ASKED.high * 1.0001


@pytest.mark.parametrize("more", [(), ('optim.kind="adamw"', "run.ema=0.99", "run.accumulate=2")])
def test_every_bit_is_put_back(tiny: Tiny, more: tuple[str, ...]) -> None:
    config = tiny.config(*SGD, *more)
    cpu = torch.device("cpu")
    task = tiny_task.TinyTask(config.settings, seed=0, root=tiny.folder)
    task.prepare(silent)
    order.seed_everything(3)
    stepper = Stepper(config, task, cpu)
    course = order.Course(0, task.size("train"), 16, parts=config.run.accumulate)

    def step(number: int) -> None:
        stepper.step(((part, task.batch("train", part.indices, cpu)) for part in course.parts(number)), 0.1, number + 1)

    step(0)  # an optimiser with a state of its own
    before, random = print_of(stepper.saved()), torch.get_rng_state().clone()
    with untouched(stepper, cpu):
        for number in range(1, 6):
            step(number)
        assert print_of(stepper.saved()) != before and not torch.equal(torch.get_rng_state(), random)
    assert print_of(stepper.saved()) == before and torch.equal(torch.get_rng_state(), random)


def test_a_trace_that_is_left_is_an_error(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stepper, "restore", lambda self, content: None)
    with pytest.raises(RuntimeError, match="left traces"):
        sweep(tiny.config(*SGD), ASKED, silent)


def test_prints_tell_nested_states_apart() -> None:
    state = {"a": [1, {"b": torch.tensor([1.0, math.nan])}], "c": 0.1}
    same = {"c": 0.1, "a": [1, {"b": torch.tensor([1.0, math.nan])}]}
    assert print_of(state) == print_of(same)
    assert print_of(state) != print_of({**state, "c": 0.1 + 1e-16 * 2})
    assert print_of(state) != print_of({**state, "a": [1, {"b": torch.tensor([1.0, 2.0])}]})


def test_data_that_never_come_end_it_at_the_limit(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    never, real, calls = threading.Event(), tiny_task.TinyTask.batch, []

    def batch(self, *arguments: object) -> object:
        calls.append(1)
        if len(calls) > 30:
            never.wait()
        return real(self, *arguments)

    monkeypatch.setattr(tiny_task.TinyTask, "batch", batch)
    found = sweep(tiny.config(*SGD), dataclasses.replace(ASKED, limit=3.0), silent)
    never.set()
    assert found.stuck and len(found.losses) == 30 and "limit" in found.ended and "waiting for data" in found.ended


def test_a_preparation_that_takes_too_long_is_said(tiny: Tiny) -> None:
    found = sweep(tiny.config("measure.prepare_s=30"), dataclasses.replace(ASKED, limit=0.3), silent)
    assert found.suggestion is None and found.losses == () and "0 of 60 steps" in found.ended


def test_what_goes_wrong_with_the_data_is_raised_where_people_see_it(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def batch(self, *arguments: object) -> object:
        raise OSError("the mount is gone")

    monkeypatch.setattr(tiny_task.TinyTask, "batch", batch)
    with pytest.raises(OSError, match="the mount is gone"):
        sweep(tiny.config(), ASKED, silent)


def test_it_ends_when_the_loss_explodes() -> None:
    falling = [1.0 - 0.02 * number for number in range(30)]
    assert exploded(falling) == "" and "exploded" in exploded([*falling, *[50.0] * 3])
    assert "nan" in exploded([1.0, math.nan]) and exploded([1.0, 90.0]) == ""  # the second step says nothing yet


def test_the_suggestion_is_where_it_falls_steepest() -> None:
    rates = [10 ** (-4 + number / 10) for number in range(60)]
    losses = [2 / (1 + math.exp((number - 33) / 2)) + 0.5 for number in range(60)]
    assert suggest(rates, losses) == pytest.approx(rates[33], rel=0.01)
    assert suggest(rates, [1.0 + number for number in range(60)]) is None
    assert suggest(rates[:10], losses[:10]) is None


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=50))
def test_smoothed_lies_within_what_was_seen(losses: list[float]) -> None:
    assert all(min(losses) * 0.999 <= value <= max(losses) * 1.001 for value in smoothed(losses))


CONFIG = """# mine
[optim]   # how
kind = "sgd"
  lr = 1e-3  # too small?
# lr = 7
[run]
batch = 4
"""


def test_one_value_changes_and_nothing_else() -> None:
    assert put(CONFIG, "optim", "lr", "0.05") == CONFIG.replace("1e-3", "0.05")
    assert "clip = 1\n" in put(CONFIG, "optim", "clip", "1")
    assert put("[run]\nbatch = 4\n", "optim", "lr", "0.1") == "[run]\nbatch = 4\n\n[optim]\nlr = 0.1\n"
    for text in ("optim = { lr = 0.1 }\n", "[optim]\nlr = [\n 1 ]\n", "optim.lr = 0.1\n"):
        with pytest.raises(ValueError, match="by hand"):
            put(text, "optim", "lr", "0.2")


def test_the_command_draws_writes_and_tells(tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, picture = tmp_path / "mine.toml", tmp_path / "lr.png"
    path.write_text(BASE.replace("[optim]", '[optim]  # how\nkind = "sgd"'))
    assert "tiny" in REGISTRY and find_lr.EXPLODED == 4
    asked = ["--low", "1e-4", "--high", "10", "--steps", "60"]
    assert main(["find-lr", str(path), *asked, "--picture", str(picture), "--write", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert f"lr = {found['suggestion']:g}" in path.read_text() and "# how" in path.read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["find-lr", str(path), "--steps", "5"]) == 1
    assert "no suggestion" in capsys.readouterr().out
    assert main(["find-lr", str(path), "--low", "3", "--high", "1"]) == 2
