"""When something is told: after it has held, once, and again only when it had been away. And in which shapes."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.alerts import message, quiet
from console.alerts.book import CLEAR_S, HOLD_S, Alert, Book, from_json
from console.alerts.notices import Notice, kind

HOT = Notice("gpu1//hot", "gpu1", "GPU 0 is slowed down", "heat", "look at its fans")
END = Notice("here/a-1/end finished", "a", "finished", level="note", at_once=True)


def looks(book, found, begin, end, **more):
    """A look every second; what was told."""
    told = []
    for second in range(int(begin), int(end)):
        book, news = book.step(found(second) if callable(found) else found, float(second), **more)
        told += news
    return book, told


def test_a_hiccup_is_not_told_nor_are_two_and_what_holds_is_told_once():
    book, told = looks(Book(), lambda second: [HOT] if second % 28 < 20 else [], 0, 400)
    assert not told, "it never held"
    book, told = looks(book, [HOT], 500, 500 + HOLD_S)
    assert not told
    book, told = looks(book, lambda second: [HOT] if second % 40 else [], 500 + HOLD_S, 1200)  # it flickers
    assert [(alert.notice, alert.since, alert.over) for alert in told] == [(HOT, 500.0, False)]
    book, told = looks(book, [], 1200, 1202 + CLEAR_S)
    assert [alert.over for alert in told] == [True]
    book, told = looks(book, [HOT], 1500, 1502 + HOLD_S)
    assert [alert.over for alert in told] == [False]


def test_time_in_which_nobody_looked_counts_for_nothing():
    book, told = looks(Book(), [HOT], 0, 20)
    book, told = looks(book, [HOT], 300, 300 + HOLD_S)
    assert not told, "it need not have held while the laptop slept"
    book, told = looks(book, [HOT], 300 + HOLD_S, 400)
    assert [alert.since for alert in told] == [300.0]
    book = from_json(json.loads(json.dumps(book.to_json())))  # killed, and started again an hour later
    book, told = looks(book, lambda second: [HOT] if second > 4010 else [], 4000, 4200)
    assert not told, "the same trouble is there: it was told"
    book, told = looks(book, [], 9000, 9000 + CLEAR_S - 2)
    assert not told, "it has not been seen to be away for long"
    book, told = looks(book, [], 9000 + CLEAR_S - 2, 9003 + CLEAR_S)
    assert [alert.over for alert in told] == [True]


def test_of_a_host_that_cannot_be_reached_nothing_is_over():
    stuck = Notice("gpu1/a-1/no progress for #", "a", "no progress for 2 min")
    book, told = looks(Book(), [stuck], 0, 60)
    assert len(told) == 1
    book, told = looks(book, [], 60, 900, unseen=("gpu1",))
    assert not told
    book, told = looks(book, [stuck], 900, 1000)
    assert not told
    book, told = looks(book, [], 1000, 1002 + CLEAR_S)
    assert [alert.over for alert in told] == [True]


def test_a_fact_is_told_at_once_and_never_again():
    book, told = Book().step([END], 5.0)
    assert [alert.notice for alert in told] == [END]
    book, told = book.step([END], 6.0)
    book, told = book.step([], 50_000.0)
    assert not told
    assert not book.step([END], 50_001.0)[1]


def test_facts_of_long_ago_are_known_at_the_first_look_and_troubles_are_not():
    book = Book().accepting([END, HOT], 0.0)
    book, told = book.step([END, HOT], 0.0)
    assert not told
    book, told = looks(book, [END, HOT], 1, 1 + HOLD_S)
    assert [alert.notice for alert in told] == [HOT]


@given(some.lists(some.tuples(some.sets(some.sampled_from([HOT, END])), some.floats(0.5, 300)), max_size=30))
def test_written_and_read_at_any_moment_nothing_is_told_twice(looks):
    one, other, now = Book(), Book(), 0.0
    for found, pause in looks:
        now += pause
        one, told = one.step(found, now)
        other, again = from_json(json.loads(json.dumps(other.to_json()))).step(found, now)
        assert told == again
        assert sum(alert.notice == END for alert in told) <= 1


@given(some.dictionaries(some.text(), some.one_of(some.none(), some.dictionaries(some.text(), some.integers()))))
def test_a_damaged_book_is_read_as_far_as_it_goes(data):
    assert from_json(data).entries == {}


def test_figures_make_no_new_notice():
    assert kind("no progress for 11 min") == kind("no progress for 2 h") == "no progress for #"
    assert kind("/data could be 206.5 GiB larger") == "/data could be # larger"
    assert kind("GPU 0 is lost") == kind("GPU 1 is lost")


@pytest.mark.parametrize(
    ("hours", "at", "held"),
    [
        ("22:00-07:00", 23, True),
        ("22:00-07:00", 3, True),
        ("22:00-07:00", 12, False),
        ("9:00-17:30", 12, True),
        ("", 3, False),
    ],
)
def test_quiet_hours(hours, at, held, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert quiet.is_quiet(hours, at * 3600.0) is held


@pytest.mark.parametrize("text", ["22-7", "25:00-07:00", "22:00", "night"])
def test_what_is_no_span_of_hours(text):
    with pytest.raises(ValueError, match="write it as 22:00-07:00"):
        quiet.parse(text)


def test_shapes():
    alert = Alert(Notice("k", "räce <1>", "won by a & b", "p\x1b[31m", "mend\n", "error"), 0.0, 0.0)
    body, headers = message.webhook(alert, "slack")
    assert json.loads(body)["text"].startswith("räce &lt;1&gt;: won by a &amp; b\np")
    body, headers = message.webhook(alert, "ntfy")
    assert headers["Title"].isascii() and headers["Priority"] == "urgent" and b"\x1b" not in body
    body, headers = message.webhook(alert, "json")
    found = json.loads(body)
    assert (found["schema"], found["level"], found["over"], found["who"]) == (1, "error", False, "räce <1>")
    assert message.title(Alert(HOT, 0.0, 0.0, over=True)) == "over: gpu1: GPU 0 is slowed down"
    assert os.linesep not in message.title(alert)
