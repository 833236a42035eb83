"""Files from a host against rsync over OpenSSH, in turn, to and from one sshd on loopback.

    python bench/transfer.py [--rounds 5] [--mib 512] [--files 2000]

The rows of ours: one large file (rsync gets -W), many small ones, and nothing to do, cold (with the login) and warm (on
an open connection, as the console's is). rsync logs in every time, as it does. Ours compares a sha256 of every file
with the host's before it counts; neither waits for the disk, and what ours waits for when it does is said below.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))

from sshd_house import Lan

from remote.ssh.transport import SshTransport
from remote.transfer.plan import Kept
from remote.transfer.pull import Pull, Pulled, Wish

GOALS = {"large": 1.0, "small": 0.5, "nothing, cold": 0.4, "nothing, warm": 0.1}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Bench:
    """One host, one folder here."""

    def __init__(self, folder: Path, lan: Lan) -> None:
        self.lan, self.host, self.target = lan, lan.host("bench"), folder / "here"
        self.transport = SshTransport("bench", config_file=str(lan.config))
        self.transport.connect()
        self.transport.open(["true"], bulk=True).close()  # the console's second connection is open too
        self.settled: list[float] = []

    def pull(self, source: Path, kept: Mapping[str, Kept], transport: SshTransport | None = None) -> Pulled:
        pull = Pull(transport or self.transport, Wish(str(source), self.target, kept=kept))
        steps = pull.run()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                done: Pulled = end.value
                break
        if done.files:
            self.last = pull
        return done

    def rsync(self, source: Path, *options: str) -> None:
        argv = ["rsync", "-a", *options, "-e", f"ssh -F {self.lan.config}", f"bench:{source}/", f"{self.target}/"]
        subprocess.run(argv, check=True)

    def taking(self, source: Path, *options: str) -> tuple[float, float]:
        """All of it, by ours and by rsync."""
        shutil.rmtree(self.target, ignore_errors=True)
        found: list[Pulled] = []
        mine = seconds(lambda: found.append(self.pull(source, {})))
        self.settled.append(seconds(lambda: self.last.settle(found[0])) / mine)
        shutil.rmtree(self.target)
        return mine, seconds(lambda: self.rsync(source, *options))

    def nothing(self, source: Path) -> tuple[tuple[float, float], tuple[float, float]]:
        """Everything is here: cold and warm, each beside rsync."""
        shutil.rmtree(self.target, ignore_errors=True)
        kept = self.pull(source, {}).kept

        def cold() -> None:
            transport = SshTransport("bench", config_file=str(self.lan.config))
            try:
                transport.connect()
                assert self.pull(source, kept, transport).files == 0
            finally:
                transport.close()

        first = seconds(cold)
        theirs = seconds(lambda: self.rsync(source))
        return (first, theirs), (seconds(lambda: self.pull(source, kept)), seconds(lambda: self.rsync(source)))


def show(name: str, pairs: list[tuple[float, float]]) -> None:
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    spread = f"{ratios[0]:.2f}–{ratios[-1]:.2f} of {len(ratios)}"
    print(
        f"{name:14} ours {mine * 1e3:7.0f} ms   rsync {theirs * 1e3:7.0f} ms   "
        f"ratio {statistics.median(ratios):.2f} ({spread})   goal {GOALS[name]}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--files", type=int, default=2000)
    arguments = parser.parse_args()
    if shutil.which("rsync") is None:
        print("no rsync on this machine, and so nothing to compare with: apt-get install rsync")
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-transfer-"))
    lan = Lan(folder)
    try:
        bench = Bench(folder, lan)
        large, small = bench.host.home / "large", bench.host.home / "small"
        large.mkdir()
        small.mkdir()
        (large / "checkpoint").write_bytes(os.urandom(2**20) * arguments.mib)
        for number in range(arguments.files):
            (small / f"{number:05}").write_bytes(os.urandom(10_000))
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in GOALS}
        for _ in range(arguments.rounds):
            rows["large"].append(bench.taking(large, "-W"))
            rows["small"].append(bench.taking(small))
            cold, warm = bench.nothing(small)
            rows["nothing, cold"].append(cold)
            rows["nothing, warm"].append(warm)
        for name, pairs in rows.items():
            show(name, pairs)
        share = statistics.median(bench.settled)
        print(f"`settle`, the wait for this disk that a pull of the console ends with: {share:.2f} of its time on top")
        bench.transport.close()
    finally:
        lan.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
