"""How soon is each of the six faults noticed, and how soon is the host back? Beside OpenSSH with its own heartbeat.

    python bench/faults.py [--rounds 3]          as root: the host lives in namespaces of its own

Ours is a link with a probe that speaks once a second. The opponent is `ssh` with ServerAliveInterval=1 and
ServerAliveCountMax=3, the same patience, on the same host in the same moment. Noticed: the link says so; `ssh` ends.
Back: from the fault, or from its end where it has to end first, to the probe's first word.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/hosts"))

from machine import Machine, Testbed
from test_faults import FAULTS, heal
from wire import missing

from remote.events import Event, LinkState, Telemetry
from remote.link import Link
from remote.ssh.transport import SshTransport
from remote.watch import Watch, Watched

ENDS_BY_ITSELF = ("sigstop", "sigkill", "socketkill")
ALIVE = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3", "-o", "BatchMode=yes"]


class Phases:
    """When the link said what."""

    def __init__(self) -> None:
        self.said: list[tuple[float, str]] = []
        self.changed = threading.Condition()
        self.figures = 0

    def __call__(self, events: list[Event]) -> None:
        with self.changed:
            self.said += [(time.monotonic(), event.phase) for event in events if isinstance(event, LinkState)]
            self.figures += sum(isinstance(event, Telemetry) for event in events)
            self.changed.notify_all()

    def after(self, start: int, *phases: str) -> float:
        """When one of the phases was first said after the first `start` words."""

        def found() -> float | None:
            return next((at for at, phase in self.said[start:] if phase in phases), None)

        with self.changed:
            assert self.changed.wait_for(found, 60), self.said
            return found() or 0.0


def one(bed: Testbed, host: Machine, fault: str, phases: Phases) -> tuple[float, float, float]:
    """Seconds: noticed by us, noticed by ssh, back."""
    ssh = subprocess.Popen(
        ["ssh", "-F", str(bed.config), *ALIVE, "bench", "while :; do echo; sleep 1; done"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert ssh.stdout is not None and ssh.stdout.readline()
    with phases.changed:
        figures = phases.figures
        phases.changed.wait_for(lambda: phases.figures >= figures + 6, 60)  # the connection is an old one
    start, began = len(phases.said), time.monotonic()
    FAULTS[fault](host)
    theirs: list[float] = []
    waiter = threading.Thread(target=lambda: (ssh.wait(60), theirs.append(time.monotonic() - began)))
    waiter.start()
    noticed = phases.after(start, "stale", "unreachable") - began
    if fault not in ENDS_BY_ITSELF:
        waiter.join()
        heal(host)
        began = time.monotonic()
    back = phases.after(start, "connected") - began
    waiter.join()
    ssh.stdout.close()
    return noticed, theirs[0], back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    if missing():
        print(missing())
        return
    bed = Testbed(Path(tempfile.mkdtemp(prefix="bench-faults-")))
    phases = Phases()
    try:
        host = bed.machine("bench")
        transport = SshTransport("bench", config_file=str(bed.config))
        watch = Watch("~/.trajconsole", (Watched("runs", (), ("log",)),))
        link = Link(transport, watch, dict, phases)
        link.start()
        phases.after(0, "connected")
        for fault in FAULTS:
            rows = [one(bed, host, fault, phases) for _ in range(rounds)]
            ours, theirs, back = (sorted(column) for column in zip(*rows, strict=True))
            print(
                f"{fault:10}  noticed {statistics.median(ours):5.2f} s (worst {ours[-1]:.2f})   "
                f"ssh {statistics.median(theirs):5.2f} s   back after {statistics.median(back) * 1e3:6.0f} ms"
            )
        link.close()
        transport.close()
    finally:
        bed.close()
    print("goals: noticed within three heartbeats and one second (4 s); back within 150 ms of a kill")


if __name__ == "__main__":
    main()
