"""Hosts that swallow every packet: the others are heard as before, and quitting is quick."""

import threading
import time
from itertools import pairwise

import pytest
from sshd_house import until
from wire import DROP

from remote.events import Telemetry
from remote.link import Link
from remote.watch import Watch, Watched

WATCH = Watch("~/.trajconsole", (Watched("runs", (), ("log",)),))


class Pace:
    """When each host's figures came."""

    def __init__(self) -> None:
        self.at: dict[str, list[float]] = {}

    def of(self, name):
        return lambda events: self.hear(name, events)

    def hear(self, name, events):
        if any(isinstance(event, Telemetry) for event in events):
            self.at.setdefault(name, []).append(time.monotonic())

    def gaps(self, names, since, before):
        found = []
        for name in names:
            times = [at for at in self.at.get(name, ()) if since <= at <= before]
            found += [after - at for at, after in pairwise(times)]
        return sorted(found)


def test_ten_hung_hosts_of_thirty_delay_nobody(bed, ssh):
    names = [f"h{number:02}" for number in range(30)]
    hosts = {name: bed.machine(name) for name in names}
    pace = Pace()
    links = [Link(ssh(name), WATCH, dict, pace.of(name), python="python3", name=name) for name in names]
    try:
        for link in links:
            link.start()
        until(lambda: len(pace.at) == len(names), 60)
        began = time.monotonic()
        until(lambda: all(len(pace.at[name]) >= 6 for name in names), 60)
        cut = time.monotonic()
        for name in names[:10]:
            hosts[name].wire.refuse(DROP)
        counts = {name: len(pace.at[name]) for name in names}
        until(lambda: all(len(pace.at[name]) >= counts[name] + 6 for name in names[10:]), 60)
        quit_at = time.monotonic()
        before, after = pace.gaps(names[10:], began, cut), pace.gaps(names[10:], cut, quit_at)
        p95 = [gaps[int(len(gaps) * 0.95)] for gaps in (before, after)]
        assert p95[1] <= p95[0] + 0.5, p95  # a hung host's bounds are 2, 10 and 15 seconds
    finally:
        closing = [threading.Thread(target=link.close) for link in links]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()


@pytest.mark.parametrize("when", ["while dialling", "while it is silent"])
async def test_quitting_does_not_wait_for_a_hung_host(bed, laptop, when):
    """Everything that waits for a host is woken: dialling alone may take ten seconds a hop."""
    host, other = bed.machine("hung"), bed.machine("other")
    for name in ("hung", "other"):
        laptop.host(name)
    if when == "while dialling":
        host.wire.refuse(DROP)
    async with laptop.open() as console:
        await console.until(lambda: console.fleet.hosts["other"].synced)
        if when == "while it is silent":
            await console.until(lambda: console.fleet.hosts["hung"].synced)
            host.wire.refuse(DROP)
            await console.until(lambda: "stale" in console.phases("hung"))
        assert console.fleet.hosts["other"].reachable
        began = time.monotonic()
    assert time.monotonic() - began < 8, "a bound of a hung host was waited for"
    until(lambda: not other.servers())
