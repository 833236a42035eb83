"""What is to be taken, and how fast."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.transfer.listing import Entry
from remote.transfer.pace import Bucket, Meter
from remote.transfer.plan import Here, Kept, way, ways

ENTRY = Entry("a", 10, 5, 0o644, 1)


@pytest.mark.parametrize(
    ("here", "kept", "options", "wanted"),
    [
        (None, None, {}, "take"),
        (None, Kept(10, 5, "x"), {}, "take"),
        (Here(10, 5), Kept(10, 5, "x"), {}, "same"),
        (Here(10, 5), Kept(10, 5, "x"), {"verify": True}, "check"),
        (Here(10, 5), None, {}, "check"),
        (Here(10, 6), Kept(10, 5, "x"), {}, "check"),
        (Here(10, 5), Kept(10, 4, "x"), {}, "check"),
        (Here(9, 5), Kept(9, 5, "x"), {}, "take"),
        (Here(9, 5), Kept(9, 5, "x"), {"grows": True}, "grow"),
        (Here(11, 5), None, {"grows": True}, "take"),
    ],
)
def test_ways(here, kept, options, wanted):
    assert way(ENTRY, here, kept, **options) == wanted


def test_small_files_come_first():
    files = {name: Entry(name, size, 1, 0o644, 1) for name, size in (("big", 9), ("b", 1), ("a", 1))}
    assert list(ways(files, {}, {})) == ["a", "b", "big"]


@given(st.floats(1, 1e9), st.lists(st.integers(1, 10**7), min_size=1, max_size=50))
def test_a_bucket_gives_no_more_than_its_rate(rate, amounts):
    now = [100.0]
    bucket = Bucket(rate, clock=lambda: now[0])
    for amount in amounts:
        now[0] += bucket.take(amount)
    assert sum(amounts) <= rate * (now[0] - 100.0 + 0.1) * 1.000001


def test_two_share_a_bucket():
    bucket = Bucket(100.0, clock=lambda: 0.0)
    assert bucket.take(100) == pytest.approx(1.0, abs=0.2) and bucket.take(100) == pytest.approx(2.0, abs=0.2)


def test_progress_is_told_now_and_then():
    now = [0.0]
    meter = Meter(clock=lambda: now[0])
    meter.bytes_total = 1000
    assert meter.due() is not None
    now[0] = 0.1
    assert meter.due() is None
    now[0], meter.bytes = 2.0, 200
    told = meter.due()
    assert told.rate == pytest.approx(100.0) and told.eta_s == pytest.approx(8.0)
    now[0] = 60.0
    meter.now()
    now[0] = 61.0
    told = meter.now()
    assert told.rate == pytest.approx(0.0) and told.eta_s is None
