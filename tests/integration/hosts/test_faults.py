"""What breaks between a laptop and a host: it is noticed, shown as what it is, healed, and costs no byte.

Real hosts, real tmux, real workers; the whole console in this process. The times are in bench/faults.py.
"""

import asyncio
import random
import signal

import pytest
from wire import DROP, RESET

FAULTS = {
    "drop": lambda host: host.wire.refuse(DROP),
    "linkdown": lambda host: host.wire.down(),
    "sigstop": lambda host: host.harm(signal.SIGSTOP),
    "reset": lambda host: host.wire.refuse(RESET),
    "sigkill": lambda host: host.harm(signal.SIGKILL),
    "socketkill": lambda host: host.wire.kill_sockets(),
}
LIVE = {"planned", "starting", "training"}


def heal(host):
    host.wire.mend()
    host.wire.up()


def same_bytes(console, run, host):
    """The mirror holds exactly what the host has."""
    there = host.home / ".trajconsole/runs" / run.run
    for name in ("metrics.jsonl", "train.log"):
        assert (console.mirrored(run) / name).read_bytes() == (there / name).read_bytes(), name


async def everything_arrived(console, hosts):
    def arrived():
        for run in console.fleet.runs:
            there = hosts[run.host].home / ".trajconsole/runs" / run.run
            for name in ("metrics.jsonl", "train.log"):
                copy = console.mirrored(run) / name
                if not copy.exists() or copy.stat().st_size < (there / name).stat().st_size:
                    return False
        return True

    await console.until(arrived)
    for run in console.fleet.runs:
        same_bytes(console, run, hosts[run.host])


async def test_each_of_the_six_faults_is_noticed_and_healed(bed, laptop):
    hosts = {name: bed.machine(name) for name in FAULTS}
    for name in hosts:
        laptop.host(name)
        laptop.shell_worker(f"w-{name}", name, pause=0.2)
    async with laptop.open() as console:
        await console.until(lambda: all(host.synced for host in console.fleet.hosts.values()))
        await console.do(console.engine.actions.start, tuple(f"w-{name}" for name in hosts))
        await console.until(lambda: sum(len(run.rows) > 3 for run in console.fleet.runs.values()) == len(hosts))
        lost = {name: len(console.phases(name)) for name in hosts}
        for name, host in hosts.items():
            FAULTS[name](host)
        await console.until(lambda: all(len(console.phases(name)) > lost[name] for name in hosts))
        cut = [row for row in console.rows() if row.key.host in ("drop", "linkdown")]
        assert len(cut) == 2 and all(row.state.unreachable_for is not None and row.state.live for row in cut)
        for host in hosts.values():
            heal(host)
        await console.until(lambda: all(console.phases(name).count("connected") == 2 for name in hosts))
        assert console.states <= LIVE, "a worker was shown as dead"
        await console.do(console.engine.actions.stop, tuple(console.fleet.runs))
        await everything_arrived(console, hosts)
        await console.until(lambda: {row.state.name for row in console.rows()} == {"stopped"})
    silent = {name for name in hosts if "stale" in console.phases(name)}
    assert {"drop", "linkdown", "sigstop"} <= silent
    for name in silent:
        stale = next(link for _, of, link in console.links if of == name and link.phase == "stale")
        assert float(stale.detail.split()[-2]) <= 3 + 1, "three heartbeats and one second"


async def harmed(bed, laptop, seed, faults, count):
    """`count` hosts, each with a worker of its own and `faults` faults at random moments, one after the other."""
    chance = random.Random(seed)
    names = [f"h{number}" for number in range(count)]
    hosts = {name: bed.machine(name) for name in names}
    for name in names:
        laptop.host(name)
        laptop.shell_worker(f"w-{name}", name, pause=0.1)
    done = []

    async def harm(name, console):
        own = random.Random(chance.random())
        for _ in range(faults):
            await asyncio.sleep(own.uniform(0.1, 1.5))
            connected = console.phases(name).count("connected")
            fault = own.choice(list(FAULTS))
            before = len(console.phases(name))
            FAULTS[fault](hosts[name])
            await console.until(lambda before=before: len(console.phases(name)) > before)
            await asyncio.sleep(own.uniform(0.0, 0.5))
            heal(hosts[name])
            await console.until(lambda connected=connected: console.phases(name).count("connected") > connected, 120)
            done.append(fault)

    async with laptop.open() as console:
        await console.until(lambda: all(host.synced for host in console.fleet.hosts.values()))
        await console.do(console.engine.actions.start, tuple(f"w-{name}" for name in names))
        await console.until(lambda: len(console.fleet.runs) == count)
        await asyncio.gather(*(harm(name, console) for name in names))
        assert console.states <= LIVE, "a worker was shown as dead"
        await console.do(console.engine.actions.stop, tuple(console.fleet.runs))
        await everything_arrived(console, hosts)
    assert len(done) == faults * count
    return done


async def test_seeded_faults_cost_no_byte(bed, laptop):
    await harmed(bed, laptop, seed=1, faults=2, count=4)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(20))
async def test_seeded_faults_cost_no_byte_in_200_runs(bed, laptop, seed):
    """20 seeds on 10 hosts at once: 200 workers, 600 faults."""
    await harmed(bed, laptop, seed=100 + seed, faults=3, count=10)
