"""How long after a line was written is its event in the listener's hands? The probe against polling every 2 seconds.

    python bench/probe_latency.py [--lines 150]

Both follow the same file in the same run, so that the machine's mood is the same for both. The opponent is what
consoles without a probe do: a command over the same transport every two seconds that prints the new end of the file.
"""

import argparse
import statistics
import tempfile
import threading
import time
from pathlib import Path

from remote.events import Chunk, Synced
from remote.link import Link
from remote.local import LocalTransport
from remote.watch import Watch, Watched


class Arrivals:
    """When each line came; lines carry their number."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        self.synced = threading.Event()

    def take(self, data: bytes) -> None:
        now = time.monotonic()
        for line in data.split(b"\n"):
            if line.strip().isdigit():
                self.at.setdefault(int(line), now)

    def listen(self, batch: list) -> None:
        for event in batch:
            if isinstance(event, Chunk):
                self.take(event.data)
            elif isinstance(event, Synced):
                self.synced.set()


def poll(path: Path, arrivals: Arrivals, over: threading.Event) -> None:
    """The opponent."""
    transport, offset = LocalTransport(), 0
    while True:
        data = transport.run(["tail", "-c", f"+{offset + 1}", str(path)]).stdout
        offset += len(data)
        arrivals.take(data)
        if over.wait(2.0):
            return


def report(name: str, written: dict[int, float], arrivals: Arrivals) -> float:
    delays = sorted(arrivals.at[number] - at for number, at in written.items() if number in arrivals.at)
    median, p95 = statistics.median(delays), delays[int(len(delays) * 0.95)]
    print(f"{name:22} {len(delays):4} lines  median {median * 1e3:7.1f} ms  p95 {p95 * 1e3:7.1f} ms")
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=150)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        path = Path(root, "runs", "a", "metrics.jsonl")
        path.parent.mkdir(parents=True)
        path.touch()
        pushed, polled, over = Arrivals(), Arrivals(), threading.Event()
        watch = Watch(root, (Watched("runs", (), ("metrics.jsonl",)),))
        link = Link(LocalTransport(), watch, dict, pushed.listen)
        opponent = threading.Thread(target=poll, args=(path, polled, over))
        link.start()
        opponent.start()
        pushed.synced.wait(30)
        written: dict[int, float] = {}
        with path.open("ab", buffering=0) as file:
            for number in range(arguments.lines):
                time.sleep(0.13 + 0.037 * (number % 5))  # no beat in common with the probe's or the poller's
                written[number] = time.monotonic()
                file.write(b"%d\n" % number)
        time.sleep(2.5)
        over.set()
        opponent.join()
        link.close()
        probe = report("probe (push)", written, pushed)
        polling = report("polling every 2 s", written, polled)
        print(f"ratio of the medians   {probe / polling:.3f}")


if __name__ == "__main__":
    main()
