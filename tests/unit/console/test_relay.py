"""Where a winner's mark is missing, and who has won when two hosts disagree: decided the same by everybody."""

import json

from hypothesis import given
from hypothesis import strategies as some

from console.fleet.fold import fold
from console.fleet.model import Fleet
from console.relay import missing
from remote.events import Document, LinkState, Synced

RACE = "duel-20260101-000000-0a1b"
CONFIG = '[origin]\nworker = "{name}"\nrace = "' + RACE + '"\n'


def run_of(name):
    return Document(f"runs/{name}", "run.toml", CONFIG.format(name=name), 1.0, "")


def mark(run, when):
    text = json.dumps({"run": run, "worker": run, "time": when})
    return Document(f"races/{RACE}", "winner.json", text, 1.0, "")


def told(*events, hosts=("one", "two")):
    fleet = Fleet()
    for host in hosts:
        fleet = fold(fleet, host, [LinkState("connected"), run_of(f"w-{host}"), Synced()], 1.0)
    for host, event in events:
        fleet = fold(fleet, host, [event], 2.0)
    return fleet


def test_the_other_host_lacks_the_mark_until_it_has_it():
    fleet = told(("one", mark("w-one", 5.0)))
    assert [(one.host, one.winner.run) for one in missing(fleet)] == [("two", "w-one")]
    fleet = fold(fleet, "two", [mark("w-one", 5.0)], 3.0)
    assert missing(fleet) == () and fleet.winners[RACE].run == "w-one"


def test_a_host_that_is_not_reached_waits():
    fleet = fold(told(("one", mark("w-one", 5.0))), "two", [LinkState("unreachable")], 3.0)
    assert missing(fleet) == ()


def test_a_mark_that_goes_away_is_no_winner_any_more():
    fleet = told(("one", mark("w-one", 5.0)))
    fleet = fold(fleet, "one", [Document(f"races/{RACE}", "winner.json", None, None, "")], 3.0)
    assert RACE not in fleet.winners and missing(fleet) == ()


@given(some.permutations([("one", 5.0), ("two", 4.0), ("three", 4.0)]))
def test_three_winners_in_a_minute_are_judged_alike_in_any_order(order):
    hosts = ("one", "two", "three")
    fleet = told(*[(host, mark(f"w-{host}", when)) for host, when in order], hosts=hosts)
    assert fleet.winners[RACE].run == "w-three"  # the earliest; of two at one time the first by name
    assert {one.host for one in missing(fleet)} == {"one", "two"}
