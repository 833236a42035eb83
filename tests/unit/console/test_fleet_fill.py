"""How fast a disk fills: told when it is clear, and only then."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.fill import LATEST_S, POINTS, Fill, full_in, noted

GIB, MIB = 2**30, 2**20
TOTAL = 1000 * GIB


def watched(used, seconds, every=5.0):
    """A fill after so long, told every five seconds; `used` is a function of the time."""
    fill = Fill()
    for number in range(int(seconds / every)):
        fill = noted(fill, number * every, int(used(number * every)), TOTAL)
    return fill


@given(st.floats(1e5, 1e9), st.floats(0, 5e11))
def test_steady_growth_is_its_rate(rate, base):
    fill = watched(lambda moment: base + rate * moment, 600)
    assert fill.rate == pytest.approx(rate, rel=0.01, abs=1e4) if rate * 590 > 8 * MIB * 1.1 else True
    assert len(fill.points) <= POINTS


def test_time_until_full():
    fill = watched(lambda moment: 100 * GIB + MIB * moment, 600)
    assert full_in(fill, 10 * GIB) == pytest.approx(10 * 1024, rel=0.01)
    assert full_in(None, GIB) is None and full_in(Fill(), GIB) is None
    assert full_in(fill, 2**60) is None  # more than a year


def test_minutes_tell_of_hours_and_not_of_days():
    fill = watched(lambda moment: 100 * GIB + MIB * moment, 600)
    assert full_in(fill, 30 * GIB) == pytest.approx(30 * 1024, rel=0.01) and full_in(fill, 60 * GIB) is None
    assert full_in(watched(lambda moment: MIB * moment, 6000), 60 * GIB) == pytest.approx(60 * 1024, rel=0.01)


@given(st.floats(0, 5e11), st.integers(0, 2**30), st.integers(0, 50))
def test_noise_alone_has_no_end(base, amplitude, seed):
    """Temporary files that come and go, of any size up to a gigabyte."""
    dice = random.Random(seed)
    fill = watched(lambda _moment: base + dice.uniform(0, amplitude), 900)
    assert full_in(fill, 500 * GIB) is None


def test_too_little_was_seen():
    assert watched(lambda moment: GIB * moment, 45).rate is None


def test_checkpoints_that_replace_each_other_leave_the_net_growth():
    def used(moment):
        return 100 * GIB + 2 * MIB * moment + (moment % 60) * 3 * MIB  # up, and 180 MiB down every minute

    assert watched(used, 3600).rate == pytest.approx(2 * MIB, rel=0.15)


def test_after_a_large_fall_the_past_counts_no_more():
    def used(moment):
        return 100 * GIB + 20 * MIB * moment - (60 * GIB if moment >= 600 else 0)

    before = watched(used, 600)
    after = watched(used, 605)
    assert before.rate == pytest.approx(20 * MIB, rel=0.05) and after.rate is None
    assert watched(used, 900).rate == pytest.approx(20 * MIB, rel=0.05)


def test_a_shrinking_disk_never_fills():
    assert watched(lambda moment: 500 * GIB - MIB * moment, 900).rate is None


def test_hours_are_kept_in_the_same_room():
    fill = watched(lambda moment: MIB * moment, 12 * 3600)
    assert len(fill.points) <= POINTS and fill.every == LATEST_S
    assert fill.points[-1][0] - fill.points[0][0] > 2 * 3600 and fill.rate == pytest.approx(MIB, rel=0.01)


def test_a_clock_that_begins_again_begins_the_history_again():
    fill = noted(watched(lambda moment: MIB * moment, 600), 3.0, GIB, TOTAL)
    assert fill.points == ((3.0, GIB),) and fill.rate is None


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.integers(-(2**63), 2**63), st.integers(-1, 2**63)), max_size=40))
def test_any_figures_are_taken_calmly(figures):
    fill = Fill()
    for figure in figures:
        fill = noted(fill, *figure)
        full_in(fill, figure[2])
