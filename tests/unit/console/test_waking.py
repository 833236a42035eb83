"""The watch syncs when the laptop wakes and when hosts are back, and not because it had much to do."""

import pytest

from console.watch.waking import Waking


class Clocks:
    """A laptop's two clocks and its hosts, and a watch that looks once a second."""

    def __init__(self):
        self.wall, self.mono, self.up, self.waking = 1e9, 50.0, {"gpu1"}, Waking()
        self.second()

    def second(self, *, asleep=0.0, stopped=0.0, set_by=0.0):
        self.waking.rests = self.mono
        self.mono += 1.0 + stopped
        self.wall += 1.0 + stopped + asleep + set_by
        return self.waking.look(self.wall, self.mono, self.up)

    def work(self, seconds, *, asleep=0.0):
        """A sync."""
        self.mono += seconds
        self.wall += seconds + asleep


@pytest.fixture
def clocks():
    return Clocks()


def test_nothing_while_all_is_as_it_was(clocks):
    assert not any(clocks.second() for _ in range(100))
    clocks.work(600.0)
    assert not clocks.second()
    clocks.up = set()
    assert not clocks.second(), "a host that is lost is nothing to fetch from"
    assert not clocks.second(set_by=-3600.0), "a clock that is set back is no sleep"


def test_a_laptop_that_slept(clocks):
    assert clocks.second(asleep=3 * 3600.0) == "this laptop was away for 3 h"
    assert not clocks.second()
    assert clocks.second(stopped=60.0).startswith("this laptop was away for")
    clocks.work(30.0, asleep=3600.0)
    assert clocks.second() == "this laptop was away for 60 min"


def test_a_host_that_is_back(clocks):
    clocks.up = set()
    clocks.second()
    clocks.up = {"gpu2", "gpu1"}
    assert clocks.second() == "gpu1, gpu2 can be reached again"
    assert not clocks.second()


def test_the_first_look_is_no_news_unless_it_is_late():
    assert not Waking(rests=49.0).look(1e9, 50.0, {"gpu1"})
    assert Waking(rests=40.0).look(1e9, 50.0, {"gpu1"}) == "this laptop was away for 10 s"


def test_two_syncs_follow_and_then_the_usual_ones(clocks):
    due, syncs = clocks.mono + 3600.0, []
    clocks.second(asleep=60.0)
    woke = clocks.mono
    for _ in range(7200):
        clocks.second()
        if clocks.waking.due(due, clocks.mono) <= clocks.mono:
            syncs.append(clocks.mono - woke)
            due = clocks.mono + 3600.0
    assert syncs == [2.0, 20.0, 3620.0]
