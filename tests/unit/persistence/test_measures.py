"""What a validation's figures mean."""

import numpy as np
import pytest

from trainer.tasks.persistence.measures import Validation, erase_effect, measure, ratio_history


def validation(shares: list[tuple[float, float]], both: list[bool] | None = None) -> Validation:
    count = len(shares)
    label = np.arange(count) % 2
    seen = np.array(both if both is not None else [True] * count)
    return Validation(label, np.zeros(count, dtype=np.int64), np.full((count, 16), 1 / 16), np.array(shares), seen, 1.5)


def test_the_ratio_is_of_means_and_one_odd_clip_does_not_rule_it() -> None:
    found = measure(validation([(1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (1.0, 1e-12)]), 0.3)
    assert found["attention_ratio"] == pytest.approx(4 / 3)
    assert found["consistency"] == 0.25
    assert found["val_accuracy"] == 0.5 and found["val_loss"] == 0.3


def test_consistency_counts_clips_that_reach_the_threshold_themselves() -> None:
    assert measure(validation([(1.5, 1.0), (1.49, 1.0), (3.0, 1.0), (0.1, 1.0)]), 0.0)["consistency"] == 0.5


def test_clips_without_one_kind_are_left_out() -> None:
    found = measure(validation([(2.0, 1.0), (9.0, 0.0)], [True, False]), 0.0)
    assert found["attention_ratio"] == 2.0 and found["consistency"] == 1.0


def test_no_attention_on_transients_is_infinite_and_passes() -> None:
    found = measure(validation([(2.0, 0.0), (1.0, 0.0)]), 0.0)
    assert found["attention_ratio"] == float("inf") and found["consistency"] == 1.0


def test_with_no_usable_clip_the_figures_are_not_numbers_and_nothing_passes() -> None:
    found = measure(validation([(0.0, 0.0)], [False]), 0.0)
    assert np.isnan(found["attention_ratio"]) and np.isnan(found["consistency"])


def test_erase_effects() -> None:
    label, whole, erased = (np.array(row) for row in ([0, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 1]))
    assert erase_effect("transient", whole, erased, label) == {"erase_transient": 0.5, "erase_transient_drop": 0.0}
    assert erase_effect("persistent", whole, 1 - whole, label)["erase_persistent_drop"] == 0.5


def test_history_is_read_from_rows_of_all_kinds() -> None:
    rows = [{"epoch": 1, "loss": 1.0}, {"epoch": 1, "attention_ratio": 1.2}, {"attention_ratio": None, "epoch": 2}]
    assert ratio_history([*rows, {"epoch": 3, "attention_ratio": 2}]) == ([1.0, 3.0], [1.2, 2.0])
