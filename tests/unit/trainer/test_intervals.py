"""Intervals and tests against published values and against counting everything."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.compare.measures import bootstrap_mean, calibration_error, resampled_means, softmax
from trainer.compare.paired import ACCURACY, ERROR, gap, gaps
from trainer.outcomes.interval import Interval, difference, holm, mcnemar, wilson
from trainer.tasks import Predictions


@pytest.mark.parametrize(
    ("right", "samples", "low", "high"),
    [  # Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_ends(right, samples, low, high):
    found = wilson(right, samples)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 10), 0.6075, 1.0)],
)
def test_differences_have_newcombes_ends(first, second, low, high):
    found = difference(wilson(*first), wilson(*second))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.5, 0.999))
def test_wilson_holds_its_value_and_stays_a_share(right, wrong, level):
    found = wilson(right, right + wrong, level)
    if right + wrong:
        assert 0 <= found.low <= found.value <= found.high <= 1
    else:
        assert math.isnan(found.value) and (found.low, found.high) == (0, 1)


@pytest.mark.parametrize("samples", [5, 40, 200])
def test_wilson_covers_the_true_share_about_as_often_as_it_says(samples):
    for share in (0.5, 0.8, 0.97):
        chance = [math.comb(samples, k) * share**k * (1 - share) ** (samples - k) for k in range(samples + 1)]
        held = sum(p for k, p in enumerate(chance) if wilson(k, samples).low <= share <= wilson(k, samples).high)
        assert held > 0.83, "the exact coverage swings, but never far"


def test_mcnemar_is_the_coin_counted_out():
    for only_first, only_second in itertools.product(range(7), repeat=2):
        thrown = only_first + only_second
        far = abs(only_first - thrown / 2)
        outcomes = [sum(coins) for coins in itertools.product((0, 1), repeat=thrown)]
        counted = sum(abs(heads - thrown / 2) >= far for heads in outcomes) / len(outcomes)
        assert mcnemar(only_first, only_second) == pytest.approx(counted)
    assert mcnemar(5, 15) == pytest.approx(0.0414, abs=5e-5)
    assert mcnemar(0, 2000) < 1e-300 or mcnemar(0, 2000) == 0


def test_holm_corrects_as_the_textbook_does():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_makes_a_p_smaller_and_keeps_their_order(values):
    found = holm(values)
    assert all(new >= old and new <= 1 for new, old in zip(found, values, strict=True))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [found[at] for at in order] == sorted(found)


def test_the_bootstrap_agrees_with_the_normal_interval_where_that_holds():
    values = np.random.default_rng(3).normal(2.0, 1.0, 900)
    found = bootstrap_mean(values)
    reach = 1.96 * values.std() / 30
    assert found.low == pytest.approx(values.mean() - reach, abs=0.01)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.01)
    assert bootstrap_mean(values) == found, "equal seeds, equal draws"


def test_resampled_means_are_means_of_samples_that_are_there():
    means = resampled_means(np.array([[1.0, 10.0], [2.0, 20.0]]), times=200)
    assert means.shape == (200, 2)
    assert set(np.unique(means[:, 0])) == {1.0, 1.5, 2.0}
    assert (means[:, 1] == means[:, 0] * 10).all(), "one draw for all columns"


def said(hits, errors=None):
    labels = np.zeros(len(hits), dtype=np.int64)
    logits = np.stack([np.where(hits, 1.0, -1.0), np.zeros(len(hits))], 1).astype(np.float32)
    if errors is None:
        return Predictions(("a", "b"), labels, logits)
    targets = np.zeros((len(hits), 1), dtype=np.float32)
    return Predictions(("a", "b"), labels, logits, targets, np.sqrt(errors)[:, None].astype(np.float32))


def test_runs_that_are_equally_good_are_called_different_at_most_as_often_as_promised():
    generator = np.random.default_rng(11)
    called = 0
    for _ in range(25):
        hits = generator.random((3, 120)) < 0.8
        errors = generator.exponential(1.0, (3, 120))
        called += any(item.larger_than_noise for item in gaps([said(h, e) for h, e in zip(hits, errors, strict=True)]))
    assert called <= 4, "1 of 25 is expected at most; 5 and more have a chance below 1 %"


def test_a_small_difference_on_the_same_samples_is_seen_where_intervals_overlap():
    generator = np.random.default_rng(5)
    first = generator.random(500) < 0.9
    second = first & (generator.random(500) < 0.97)
    (found,) = gaps([said(first), said(second)])
    assert found.measure == ACCURACY and found.better == 0 and found.larger_than_noise
    assert difference(wilson(first.sum(), 500), wilson(second.sum(), 500)).low < 0, "unpaired it would not be"


def test_errors_are_compared_sample_by_sample_and_small_is_better():
    errors = np.random.default_rng(7).exponential(1.0, 300)
    found = {item.measure: item for item in gaps([said(errors > 0, errors), said(errors > 0, errors * 1.1)])}
    assert found[ERROR].better == 0 and found[ERROR].larger_than_noise
    assert not found[ACCURACY].larger_than_noise and found[ACCURACY].p == 1
    assert found[ERROR].gap.value == pytest.approx(-0.1 * errors.mean(), rel=1e-4)
    assert gap(errors, errors) == Interval(0, 0, 0)


def test_calibration_is_zero_when_shares_are_kept_and_their_distance_when_not():
    logits = np.log(np.array([[0.8, 0.2]] * 10))
    labels = np.array([0] * 8 + [1] * 2)
    assert calibration_error(softmax(logits), labels) == pytest.approx(0)
    assert calibration_error(softmax(logits), np.zeros(10, dtype=int)) == pytest.approx(0.2)
