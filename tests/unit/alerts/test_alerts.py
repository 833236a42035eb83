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


def test_a_hiccup_is_not_told_and_what_holds_is_told_once():
    book, told = Book().step([HOT], 0.0)
    assert not told
    book, told = book.step([], 10.0)
    book, told = book.step([HOT], HOLD_S - 1)
    assert not told
    book, told = book.step([HOT], HOLD_S)
    assert [alert.notice for alert in told] == [HOT] and told[0].since == 0.0
    for second in range(1, 600):
        book, told = book.step([HOT] if second % 40 else [], HOLD_S + second)  # it flickers
        assert not told
    book, told = book.step([], HOLD_S + 600 + CLEAR_S)
    assert [alert.over for alert in told] == [True]
    book, told = book.step([HOT], HOLD_S + 800 + CLEAR_S)
    book, told = book.step([HOT], 2 * HOLD_S + 800 + CLEAR_S)
    assert [alert.over for alert in told] == [False]


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
    book, told = book.step([END, HOT], HOLD_S)
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
