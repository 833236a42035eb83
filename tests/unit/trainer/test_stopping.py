import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import Stop
from trainer.criteria import Rule, better, mode_of, parse
from trainer.stopping import Watch

STOP = Stop(all=("val_accuracy >= 0.75", "attention_ratio >= 1.5"), every=5)
GOOD = {"val_accuracy": 0.8, "attention_ratio": 2.0}


@pytest.mark.parametrize("text", ["val_accuracy >= 0.75", "val_accuracy>=0.75", "  val_accuracy  >=  7.5e-1 "])
def test_criteria_are_read_as_people_write_them(text: str) -> None:
    assert parse(text) == Rule("val_accuracy", ">=", 0.75)


@pytest.mark.parametrize("text", ["", "val_accuracy", "val_accuracy = 1", "a >= b", ">= 3", "a >= nan", "a >= inf"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a criterion|not a number|must be finite"):
        parse(text)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([">=", "<=", ">", "<"]))
def test_every_rule_reads_back_from_its_own_words(threshold: float, op: str) -> None:
    rule = Rule("m", op, threshold)
    assert parse(f"m {op} {threshold!r}") == rule
    assert not rule.passes(math.nan)
    assert rule.passes(threshold) == (op in (">=", "<="))


def test_decisions_fall_on_every_nth_epoch_and_the_last() -> None:
    watch = Watch(STOP, epochs=12)
    assert [epoch for epoch in range(1, 13) if watch.due(epoch)] == [5, 10, 12]


def test_values_are_shown_after_each_validation_but_decided_on_check_epochs() -> None:
    watch = Watch(STOP, epochs=12).observe(3, GOOD)
    status = watch.status()
    assert status is not None
    assert [(item.value, item.passed) for item in status.criteria] == [(0.8, True), (2.0, True)]
    assert (status.checked_epoch, status.next_epoch, watch.met) == (None, 5, False)
    assert watch.observe(5, GOOD).met


def test_all_criteria_must_hold_at_once() -> None:
    watch = Watch(STOP, epochs=30).observe(5, {**GOOD, "attention_ratio": 1.26})
    assert not watch.met
    assert watch.verdicts() == (
        "check at epoch 5: val_accuracy 0.8 >= 0.75 passed · attention_ratio 1.26 >= 1.5 NOT MET"
    )
    status = watch.status()
    assert status is not None and (status.checked_epoch, status.next_epoch) == (5, 10)


def test_rounding_never_makes_a_verdict_look_wrong() -> None:
    watch = Watch(Stop(all=("a >= 0.9",)), epochs=2).observe(1, {"a": 0.8999999})
    assert "a 0.8999999 >= 0.9 NOT MET" in watch.verdicts()


@pytest.mark.parametrize("value", [{}, {"val_accuracy": math.nan, "attention_ratio": 9.0}])
def test_a_missing_figure_and_one_that_is_no_number_never_pass(value: dict[str, float]) -> None:
    assert not Watch(STOP, epochs=5).observe(5, value).met


def test_the_untrained_model_never_meets_the_criteria() -> None:
    watch = Watch(Stop(all=("val_accuracy >= 0.1",)), epochs=5).observe(0, {"val_accuracy": 1.0})
    assert not watch.met and watch.checked is None


def test_without_criteria_there_is_nothing_to_meet() -> None:
    watch = Watch(Stop(), epochs=2).observe(1, GOOD).observe(2, GOOD)
    assert not watch.met and watch.status() is None


def test_patience_counts_epochs_since_the_last_improvement() -> None:
    watch = Watch(Stop(patience=2, patience_metric="val_loss", patience_margin=0.01), epochs=9)
    left = []
    for epoch, loss in enumerate([1.0, 0.5, 0.495, 0.6], start=1):
        watch = watch.observe(epoch, {"val_loss": loss})
        left.append(watch.patience_left)
    assert left == [2, 2, 1, 0]
    assert watch.exhausted == "val_loss has not improved on 0.5 (epoch 2) for 2 epochs"


def test_a_metric_that_is_never_a_number_exhausts_patience() -> None:
    watch = Watch(Stop(patience=2, patience_metric="val_loss"), epochs=9)
    for epoch in (1, 2):
        watch = watch.observe(epoch, {"val_loss": math.nan})
    assert watch.exhausted


def test_a_watch_goes_on_where_it_was() -> None:
    watch = Watch(STOP, epochs=12).observe(3, GOOD).observe(5, {**GOOD, "attention_ratio": 1.0})
    again = Watch(STOP, epochs=12).restored(watch.saved())
    assert again == watch
    assert again.observe(10, GOOD).met


def test_criteria_that_were_made_stricter_are_no_longer_met() -> None:
    watch = Watch(STOP, epochs=12).observe(5, GOOD)
    stricter = dataclasses.replace(STOP, all=("val_accuracy >= 0.9", "attention_ratio >= 1.5"))
    assert Watch(STOP, epochs=12).restored(watch.saved()).met
    assert not Watch(stricter, epochs=12).restored(watch.saved()).met
    assert not Watch(Stop(), epochs=12).restored(watch.saved()).met


def test_losses_fall_and_everything_else_rises() -> None:
    assert [mode_of(name) for name in ("val_loss", "class_loss", "next_position_mse", "NRMSE")] == ["min"] * 4
    assert [mode_of(name) for name in ("val_accuracy", "attention_ratio", "consistency", "lossless_share")] == [
        "max"
    ] * 4
    assert better(1.0, math.nan, "max") and not better(math.nan, 1.0, "min")
