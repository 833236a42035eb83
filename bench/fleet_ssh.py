"""Many real sshd hosts at 1 Hz: what they cost the laptop, and what hung ones among them do to the others.

    python bench/fleet_ssh.py [--hosts 100] [--hung 10] [--seconds 20]          as root

Each host has namespaces and an sshd of its own and runs the real probe. Measured is this process alone, which holds all
links: its CPU by getrusage, its resident memory against the same process before the first connection. The opponent
polls: `ssh` through a ControlMaster, once a second, as a console without a probe would (on three hosts, per host).
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/hosts"))

from machine import Testbed
from wire import DROP, missing

from remote.events import Event, Telemetry
from remote.link import Link
from remote.ssh.transport import SshTransport
from remote.watch import Watch, Watched

WATCH = Watch("~/.trajconsole", (Watched("runs", ("status.json",), ("metrics.jsonl", "train.log")),))


def resident() -> float:
    """MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Fleet:
    """When each host's figures came, and how old they were, by the one clock of this machine."""

    def __init__(self, names: list[str]) -> None:
        self.came: dict[str, list[tuple[float, float]]] = {name: [] for name in names}

    def listener(self, name: str) -> object:
        came = self.came[name]

        def hear(events: list[Event]) -> None:
            now = time.monotonic()
            came.extend((now, now - event.mono) for event in events if isinstance(event, Telemetry))

        return hear

    def told(self, name: str, names: list[str], since: float, before: float) -> None:
        ages = sorted(age for host in names for at, age in self.came[host] if since <= at < before)
        gaps = sorted(
            second - first
            for host in names
            for first, second in pairwise(at for at, _ in self.came[host] if since <= at < before)
        )
        late, gap = ages[int(len(ages) * 0.95)], gaps[int(len(gaps) * 0.95)]
        rate = len(ages) / len(names) / (before - since)
        print(f"{name:28} {rate:4.2f} updates/s a host   delay p95 {late * 1e3:7.1f} ms   gap p95 {gap:5.2f} s")


def measured(fleet: Fleet, name: str, names: list[str], seconds: float, idle: float) -> None:
    began, spent = time.monotonic(), time.process_time()
    time.sleep(seconds)
    took = time.monotonic() - began
    share = (time.process_time() - spent) / took
    fleet.told(name, names, began, began + took)
    print(f"{'':28} this process: {share:.1%} of a core, {resident() - idle:.1f} MiB above idle")


def polled(bed: Testbed, names: list[str], seconds: float) -> None:
    """The opponent, CPU of `ssh` processes for each host."""
    for name in names:
        master = ["ssh", "-F", str(bed.config), "-S", f"{bed.folder}/m-{name}"]
        subprocess.run([*master, "-f", "-M", "-N", name], check=True, stderr=subprocess.DEVNULL)
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    end = time.monotonic() + seconds
    while (start := time.monotonic()) < end:
        for name in names:
            subprocess.run(["ssh", "-F", str(bed.config), "-S", f"{bed.folder}/m-{name}", name, "cat /proc/loadavg"],
                           stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)  # fmt: skip
        time.sleep(max(0.0, start + 1 - time.monotonic()))
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (spent.ru_utime + spent.ru_stime - began.ru_utime - began.ru_stime) / seconds / len(names)
    for name in names:
        subprocess.run(
            ["ssh", "-F", str(bed.config), "-S", f"{bed.folder}/m-{name}", "-O", "exit", name],
            stderr=subprocess.DEVNULL,
        )
    print(f"polling with ssh: {cpu:.2%} of a core a host, so {cpu * 100:.0%} for a hundred")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--hung", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    if missing():
        print(missing())
        return
    bed = Testbed(Path(tempfile.mkdtemp(prefix="bench-fleet-")))
    names = [f"h{number:03}" for number in range(asked.hosts)]
    links: list[Link] = []
    transports: list[SshTransport] = []
    try:
        began = time.monotonic()
        hosts = {name: bed.machine(name) for name in names}
        print(f"{len(names)} hosts are up after {time.monotonic() - began:.1f} s")
        polled(bed, names[:3], 5.0)
        fleet, idle = Fleet(names), resident()
        for name in names:
            transports.append(SshTransport(name, config_file=str(bed.config)))
            links.append(Link(transports[-1], WATCH, dict, fleet.listener(name), python="/usr/bin/python3", name=name))
            links[-1].start()
            time.sleep(0.05)
        while any(len(came) < 3 for came in fleet.came.values()):
            time.sleep(0.2)
        others = names[asked.hung :]
        measured(fleet, "all reachable", others, asked.seconds, idle)
        for name in names[: asked.hung]:
            hosts[name].wire.refuse(DROP)
        measured(fleet, f"{asked.hung} of them hung", others, asked.seconds, idle)
        print("goals: 4 % of a core, 15 MiB, and the second p95 as the first")
        began = time.monotonic()
    finally:
        with ThreadPoolExecutor(max(1, len(links))) as closing:
            list(closing.map(Link.close, links))
            list(closing.map(SshTransport.close, transports))
        print(f"closed after {time.monotonic() - began:.1f} s, {threading.active_count() - 1} threads left")
        bed.close()


if __name__ == "__main__":
    main()
