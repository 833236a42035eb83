"""Connect and authenticate: this transport against a starting OpenSSH master, in turn, against one sshd on loopback.

    python bench/ssh_connect.py [--turns 30]

`ssh -f -M -N` returns when it has logged in. Ours is `SshTransport.connect()`, in a process that has already imported
it, with `ssh -G` asked anew every time; the second row of ours shows it without that question.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))

from sshd_house import Lan

from remote.ssh.auth import Secrets
from remote.ssh.connection import connect, path_to
from remote.ssh.transport import SshTransport


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def openssh(config: Path, folder: Path) -> float:
    socket = folder / "master"
    base = ["ssh", "-F", str(config), "-S", str(socket)]
    took = seconds(lambda: subprocess.run([*base, "-f", "-M", "-N", "bench"], check=True, stderr=subprocess.DEVNULL))
    subprocess.run([*base, "-O", "exit", "bench"], check=True, stderr=subprocess.DEVNULL)
    return took


def ours(config: Path) -> float:
    transport = SshTransport("bench", config_file=str(config))
    try:
        return seconds(transport.connect)
    finally:
        transport.close()


def resolved(config: Path) -> float:
    path = path_to("bench", str(config))
    began = time.perf_counter()
    connection = connect(path, Secrets(), "bench")
    took = time.perf_counter() - began
    connection.close()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=30)
    turns = parser.parse_args().turns
    folder = Path(tempfile.mkdtemp(prefix="bench-ssh-"))
    lan = Lan(folder)
    try:
        lan.host("bench")
        rows: dict[str, list[float]] = {"OpenSSH master": [], "connect()": [], "connect(), settings known": []}
        for _ in range(turns):
            for row, work in zip(
                rows.values(),
                (lambda: openssh(lan.config, folder), lambda: ours(lan.config), lambda: resolved(lan.config)),
                strict=True,
            ):
                row.append(work())
    finally:
        lan.close()
    base = rows["OpenSSH master"]
    for name, row in rows.items():
        ratios = sorted(mine / theirs for mine, theirs in zip(row, base, strict=True))
        low, high = ratios[len(ratios) // 10], ratios[-1 - len(ratios) // 10]
        print(
            f"{name:27} median {statistics.median(row) * 1e3:6.1f} ms   "
            f"ratio {statistics.median(ratios):.2f} ({low:.2f}–{high:.2f}, 10th–90th of {turns})"
        )
    print("goal: 0.25")


if __name__ == "__main__":
    main()
