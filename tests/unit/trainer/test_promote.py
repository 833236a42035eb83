"""Which runs are promoted, and what becomes of them."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import Tiny

from trainer.cli import main
from trainer.record import RunWriter, Status
from trainer.record.ranking import Entrant, choose, metric_of
from trainer.record.status import Best


def entrant(name: str, value: float, *, mode: str = "max", state: str = "finished", **config: Any) -> Entrant:
    status = Status(state=state, epoch=10, epochs=10, best={"score": Best(value, 3, 30, mode)})
    return Entrant(name, status, config)


def test_the_best_by_the_direction_of_the_metric() -> None:
    for mode, expected in (("max", ["b", "c"]), ("min", ["a", "c"])):
        runs = [entrant(name, value, mode=mode) for name, value in (("a", 0.1), ("b", 0.9), ("c", 0.5))]
        choice = choose(runs, best=2, epochs=50, metric="score")
        assert [item.name for item in choice.promoted] == expected
        assert len(choice.others) == 1 and "not among the best 2" in choice.others[0][1]


def test_equals_stay_in_their_order_and_are_told() -> None:
    choice = choose([entrant(name, 0.5) for name in "cab"], best=1, epochs=50, metric="score")
    assert [item.name for item in choice.promoted] == ["c"]
    assert all("c has the same and was named before" in why for _, why in choice.others)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (Entrant("x", None), "never trained"),
        (entrant("x", 1.0, state="training"), "has not finished: training at epoch 10"),
        (entrant("x", 1.0, state="lost the race"), "has not finished: lost the race"),
        (entrant("x", math.nan), "has no score (known: score)"),
        (Entrant("x", Status(state="finished", epoch=10)), "has no score (known: none)"),
        (Entrant("x", Status(state="finished", epoch=50, best={"score": Best(1.0)})), "has done 50 epochs already"),
    ],
)
def test_runs_that_cannot_be_chosen_say_why(run: Entrant, why: str) -> None:
    choice = choose([run, entrant("good", 0.1)], best=2, epochs=50, metric="score")
    assert [item.name for item in choice.promoted] == ["good"]
    assert choice.others == (("x", choice.others[0][1]),) and why in choice.others[0][1]


def test_what_ended_a_run_no_longer_does_and_is_told() -> None:
    early = Status(state="finished", epoch=4, epochs=10, best={"score": Best(0.2)})
    runs = [
        entrant("a", 0.9, state="criteria met", race={"folder": "/races/r"}, optim={"schedule": "cosine"}),
        Entrant("b", early, {"stop": {"patience": 3}, "run": {"steps": 100}}),
    ]
    first, second = choose(runs, best=2, epochs=50, metric="score").promoted
    assert first.overrides == ("run.epochs=50", 'race.folder=""', "stop.all=[]")
    assert "no longer in a race" in first.text and "cosine is that of 50 epochs now" in first.text
    assert second.overrides == ("run.epochs=50", "run.steps=0", "stop.patience=0")


def test_the_metric_is_the_one_that_all_of_them_name() -> None:
    stop = {"stop": {"all": ["score >= 0.5"]}}
    assert choose([entrant("a", 1.0, **stop)], best=1, epochs=50).metric == "score"
    with pytest.raises(ValueError, match=r"a: score, b: none\) — choose one with --by"):
        choose([entrant("a", 1.0, **stop), entrant("b", 1.0)], best=1, epochs=50)
    assert metric_of({"checkpoint": {"best_metric": "x"}, **stop}) == "x"


ODD = st.one_of(st.integers(), st.text(), st.lists(st.text(), max_size=2))
TABLE = st.dictionaries(st.sampled_from(["all", "best_metric", "patience_metric"]), ODD, max_size=3)


@given(st.dictionaries(st.sampled_from(["stop", "checkpoint", "run"]), st.one_of(ODD, TABLE)))
def test_any_run_toml_can_be_read(config: dict[str, Any]) -> None:
    assert isinstance(metric_of(config), str)


def test_promoted_runs_go_on_from_their_last_checkpoint(tiny: Tiny, capfd: pytest.CaptureFixture[str]) -> None:
    for name, lr in (("a", 0.01), ("b", 1e-6), ("c", 0.02)):
        assert tiny.run("run.epochs=2", f"optim.lr={lr}", f'race.folder="{tiny.folder}/race"', name=name) == 0
    runs = [str(tiny.folder / name) for name in "abc"]
    assert main(["promote", *runs, "--by", "val_loss", "--epochs", "4", "--dry-run"]) == 0
    assert "would promote" in capfd.readouterr().out
    assert not [event for event in tiny.reader("a").events() if event["event"] == "promoted"]

    assert main(["promote", *runs, "--by", "val_loss", "--epochs", "4"]) == 0
    out = capfd.readouterr().out
    assert f"left: {runs[1]}: val_loss" in out
    for name in "ac":
        events = {event["event"]: event for event in tiny.reader(name).events()}
        assert events["promoted"]["metric"] == "val_loss" and "b" in events["promoted"]["among"]
        assert events["resumed"]["step"] == 30
        status = tiny.reader(name).status()
        assert status is not None and (status.state, status.epoch, status.epochs) == ("finished", 4, 4)
        assert tiny.reader(name).config()["race"]["folder"] == ""
    status = tiny.reader("b").status()
    assert status is not None and status.epoch == 2


def test_a_promotion_that_cannot_be_says_why(tiny: Tiny, capfd: pytest.CaptureFixture[str]) -> None:
    tiny.run("run.epochs=1")
    run = str(tiny.folder / "run")
    assert main(["promote", run]) == 2
    assert "choose one with --by METRIC" in capfd.readouterr().err
    assert main(["promote", str(tiny.folder), "--best", "0"]) == 2
    err = capfd.readouterr().err
    assert "is not a run's folder" in err and "--best: 0 is too small" in err
    assert main(["promote", run, "--by", "val_los"]) == 1
    assert "has no val_los (known: val_accuracy, val_loss)" in capfd.readouterr().out
    with RunWriter(tiny.folder / "run"):
        assert main(["promote", run, "--by", "val_loss"]) == 1
    assert "is being written by another process" in capfd.readouterr().out
