"""Ask and tell: one file, any number of processes, nothing lost and nothing twice."""

import json
import math
import multiprocessing
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_tune_space import SPACE, plan
from tiny_runs import Tiny

from trainer.schema import ConfigError
from trainer.tune.plan import Trial
from trainer.tune.pruning import verdict
from trainer.tune.settings import Range, Tune
from trainer.tune.study import JOURNAL, Study, best_of, trials_of

RANDOM = SPACE.replace("[tune.space]", 'sampler = "random"\n[tune.space]').replace("trials = 9", "trials = 24")


def test_ask_report_tell(tiny: Tiny) -> None:
    study = Study(tiny.folder, plan(SPACE.replace("trials = 9", "trials = 3")))
    trials = [study.ask() for _ in range(4)]
    assert [trial.number for trial in trials if trial is not None] == [0, 1, 2] and trials[3] is None
    assert study.report(0, 1, 0.5) == "" and study.report(0, 2, 0.75) == ""
    study.tell(0, "complete", 0.75, seconds=2.0)
    study.report(1, 1, 0.25)
    study.tell(1, "pruned", why="worse")
    study.tell(2, "failed", why="no memory")
    found = Study(tiny.folder, study.plan).trials()
    assert [(item.state, item.value, item.epoch) for item in found] == [
        ("complete", 0.75, 2),
        ("pruned", 0.25, 1),
        ("failed", None, None),
    ]
    assert found[0].seen == {1: 0.5, 2: 0.75} and best_of(found, "max") == found[0]
    for number in (0, 7):
        with pytest.raises(ValueError, match="nothing more can be told"):
            study.tell(number, "complete", 1.0)


def test_another_configuration_is_another_study(tiny: Tiny) -> None:
    Study(tiny.folder, plan())
    Study(tiny.folder, plan(SPACE.replace("trials = 9", 'trials = 12\npruner = "none"\nminutes = 3')))
    for changed in (
        SPACE.replace("0.1, log", "0.2, log"),
        SPACE + "[loss]\ngrow = 1.5\n",
        SPACE.replace("trials", "seed = 3\ntrials"),
    ):
        with pytest.raises(ConfigError, match=r"was begun with .* — another --run-dir"):
            Study(tiny.folder, plan(changed))


def test_what_a_process_left_is_taken_before_anything_new(tiny: Tiny) -> None:
    one, other = (Study(tiny.folder, plan()) for _ in range(2))
    with one.take() as mine, other.take() as theirs:
        assert mine is not None and theirs is not None and (mine.number, theirs.number) == (0, 1)
        with other.take(new=False) as nothing:
            assert nothing is None
    with other.take() as again, one.take() as second:
        assert again is not None and second is not None and {again.number, second.number} == {0, 1}
        with one.take() as fresh:
            assert fresh is not None and fresh.number == 2


def ask_some(folder: Path, text: str) -> None:
    study = Study(folder, plan(text))
    while (trial := study.ask()) is not None:
        study.report(trial.number, 1, trial.number / 10)
        study.tell(trial.number, "complete", trial.number / 10)


def test_processes_at_once_share_the_trials(tiny: Tiny) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=ask_some, args=(tiny.folder, RANDOM)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    trials = Study(tiny.folder, plan(RANDOM)).trials()
    assert [trial.number for trial in trials] == list(range(24))
    assert all(trial.state == "complete" and trial.value == trial.number / 10 for trial in trials)
    lines = (tiny.folder / JOURNAL).read_text().splitlines()
    assert len(lines) == 1 + 3 * 24 and all(json.loads(line) for line in lines)


def test_a_line_that_was_never_finished_loses_only_itself(tiny: Tiny) -> None:
    study = Study(tiny.folder, plan())
    study.ask()
    path = tiny.folder / JOURNAL
    path.write_bytes(path.read_bytes() + b'{"t":1,"tell":0,"sta')
    study.tell(0, "complete", 0.5)
    assert [trial.state for trial in study.trials()] == ["complete"]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 4),
    st.floats(),
    st.text(max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ROWS = st.dictionaries(
    st.sampled_from(["ask", "tell", "report", "settings", "state", "value", "epoch", "why", "seconds", "t"]), VALUES
)


@given(st.lists(ROWS, max_size=12))
def test_no_rows_are_too_odd(rows: list[dict[str, object]]) -> None:
    for trial in trials_of(rows, "max"):
        assert trial.state in ("running", "complete", "pruned", "failed")


# ---- pruning ---------------------------------------------------------------------------------------------------------

SEEN = st.dictionaries(st.integers(1, 6), st.floats(0, 1), min_size=1, max_size=6)


def rules(pruner: str, startup: int = 1, warmup: int = 1) -> Tune:
    return Tune(pruner=pruner, startup=startup, warmup=warmup, space={"a": Range(0, 1)})  # type: ignore[arg-type]


@given(st.lists(SEEN, min_size=1, max_size=6), SEEN, st.sampled_from(["max", "min"]))
def test_the_median_is_optunas(others: list[dict[int, float]], mine: dict[int, float], mode: str) -> None:
    epoch = max(mine)
    done = [Trial(n, {}, "complete", max(seen.values()), seen=seen) for n, seen in enumerate(others)]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize" if mode == "max" else "minimize")
    for trial in done:
        study.add_trial(optuna.trial.create_trial(value=trial.value, intermediate_values=dict(trial.seen)))
    states = optuna.trial.TrialState
    oracle = optuna.trial.create_trial(state=states.RUNNING, intermediate_values=mine)
    wanted = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=0).prune(study, oracle)
    found = verdict(rules("median"), mode, done, Trial(99, {}, seen=mine), epoch)
    assert bool(found) == wanted


def test_halving_keeps_the_best_third_at_its_rungs() -> None:
    others = [Trial(n, {}, "complete", 0.0, seen={1: n / 10, 2: n / 10, 3: n / 10}) for n in range(5)]  # 0.0 … 0.4

    def ends(epoch: int, value: float) -> bool:
        return bool(verdict(rules("halving"), "max", others, Trial(9, {}, seen={epoch: value}), epoch))

    assert not ends(1, 0.35) and ends(1, 0.25)  # of six, two go on
    assert not ends(2, 0.0) and ends(3, 0.0)  # epoch 2 is no rung
    early = verdict(rules("halving", startup=6), "max", others, Trial(9, {}, seen={1: 0.0}), 1)
    assert early == ""


def test_none_warmup_and_numbers_that_are_none() -> None:
    others = [Trial(n, {}, "complete", 0.9, seen={1: 0.9, 2: 0.9}) for n in range(3)]
    bad = Trial(9, {}, seen={1: math.nan, 2: math.nan})
    assert verdict(rules("none"), "max", others, bad, 1) == ""
    assert verdict(rules("median", warmup=2), "max", others, bad, 1) == ""
    assert verdict(rules("median", startup=4), "max", others, bad, 2) == ""
    assert verdict(rules("median"), "max", others, bad, 2) and verdict(rules("median"), "min", others, bad, 2)
