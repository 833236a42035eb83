"""What is told in the corner of the screen: news, calmly, and nothing of before."""

from console.alerts.book import HOLD_S
from console.alerts.corner import PAUSE_S, Corner, words
from console.alerts.notices import Notice

HOSTS = ("a", "b")


def end(worker, host="a"):
    return Notice(f"{host}/{worker}-1/end finished", worker, "finished", level="note", at_once=True)


def full(host="a"):
    return Notice(f"{host}/the disk is full", host, "the disk is full", "0 B", "free space", "error")


WON = Notice("race/r1", "race r", "won by x", level="note", at_once=True)


def test_what_was_so_before_is_no_news():
    corner, said = Corner().look([end("x"), full(), WON], HOSTS, HOSTS, 0.0)
    assert said == ()
    corner, said = corner.look([end("x"), full(), WON], HOSTS, HOSTS, 60.0)
    assert said == ()
    corner, said = corner.look([end("x"), full(), WON, end("y")], HOSTS, HOSTS, 61.0)
    assert [item.notice.who for item in said] == ["y"]


def test_a_host_that_comes_late_brings_no_old_news():
    corner, _ = Corner().look([], HOSTS, ["a"], 0.0)
    corner, said = corner.look([end("x", "b"), WON], HOSTS, HOSTS, 10.0)
    assert said == ()
    _, said = corner.look([end("x", "b"), end("z", "b"), WON], HOSTS, HOSTS, 20.0)
    assert [item.notice.who for item in said] == ["z"]


def test_an_error_is_told_when_it_holds_and_a_warning_is_not():
    corner, _ = Corner().look([], HOSTS, HOSTS, 0.0)
    warning = Notice("a/x/waits", "x", "waiting for data", level="warning")
    told = []
    for second in range(int(HOLD_S) + 20):
        corner, said = corner.look([full(), warning], HOSTS, HOSTS, 1.0 + second)
        told += [(item.notice.who, second) for item in said]
    assert told == [("a", int(HOLD_S))]


def test_many_are_one_word_and_words_have_pauses():
    corner, _ = Corner().look([], HOSTS, HOSTS, 0.0)
    corner, first = corner.look([end("one")], HOSTS, HOSTS, 100.0)
    ends = [end(f"w{n}") for n in range(6)]
    corner, said = corner.look([end("one"), *ends], HOSTS, HOSTS, 101.0)
    assert len(first) == 1 and said == ()
    corner, said = corner.look([end("one"), *ends], HOSTS, HOSTS, 100.0 + PAUSE_S)
    title, text, level = words(said)
    assert title == "6 things happened" and level == "note"
    assert text.splitlines() == ["w0: finished", "w1: finished", "w2: finished", "w3: finished", "and 2 more"]


def test_one_word_names_the_mend():
    corner, _ = Corner().look([], HOSTS, HOSTS, 0.0)
    failed = Notice("a/x-1/it failed", "x", "it failed", "code 1", "trajconsole logs x", "error", at_once=True)
    _, said = corner.look([failed], HOSTS, HOSTS, 10.0)
    assert words(said) == ("x: it failed", "trajconsole logs x", "error")
