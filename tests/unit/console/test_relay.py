"""Where a winner's mark is missing, and who has won when two hosts disagree: decided the same by everybody."""

import json
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from console.config import parse
from console.fleet.fold import fold
from console.fleet.model import Fleet
from console.hosts import Hosts
from console.relay import Relay, missing
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


def test_a_host_that_is_back_gets_the_mark_that_it_lacks(tmp_path):
    """Nothing is new in the marks themselves when a laptop wakes and its hosts come back one by one."""
    tables = [f'[hosts.{name}]\ntransport = "local"\nroot = "{tmp_path / name}"\n' for name in ("one", "two")]
    hosts = Hosts(parse("".join(tables), Path("c.toml")))
    fleet = told(("one", mark("w-one", 5.0)), ("two", mark("w-two", 6.0)))
    fleets = [fold(fleet, "two", [LinkState("stale")], 3.0)]
    relay = Relay(lambda: fleets[-1], hosts)
    relay.consider()
    assert not (tmp_path / "two").exists()
    fleets.append(fold(fleets[-1], "two", [LinkState("connected"), Synced()], 4.0))
    assert fleets[-1].marks is fleets[0].marks
    relay.consider()
    for thread in [item for item in threading.enumerate() if item.name == "relay two"]:
        thread.join(30)
    assert json.loads((tmp_path / "two/races" / RACE / "winner.json").read_text())["run"] == "w-one"
