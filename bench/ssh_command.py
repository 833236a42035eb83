"""A command on an open connection against OpenSSH's ControlMaster, and how fast a byte comes back, in turn.

    python bench/ssh_command.py [--turns 60]

The echo row sends a line to `cat` on an open channel and waits for it: what a line of the probe costs, twice. Its
opponent is the same through a pipe to `ssh` with the same master.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))

from sshd_house import Lan

from remote.ssh.transport import SshTransport


def show(name: str, mine: list[float], theirs: list[float], goal: str) -> None:
    ratios = sorted(ours / other for ours, other in zip(mine, theirs, strict=True))
    cut = len(ratios) // 10
    p95 = sorted(mine)[int(len(mine) * 0.95)]
    print(
        f"{name:8} ours {statistics.median(mine) * 1e3:6.2f} ms (p95 {p95 * 1e3:.2f})   "
        f"OpenSSH {statistics.median(theirs) * 1e3:6.2f} ms   "
        f"ratio {statistics.median(ratios):.2f} ({ratios[cut]:.2f}–{ratios[-1 - cut]:.2f})   goal {goal}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60)
    turns = parser.parse_args().turns
    folder = Path(tempfile.mkdtemp(prefix="bench-ssh-"))
    lan = Lan(folder)
    transport = None
    master = ["ssh", "-F", str(lan.config), "-S", str(folder / "master")]
    try:
        lan.host("bench")
        transport = SshTransport("bench", config_file=str(lan.config))
        transport.connect()
        subprocess.run([*master, "-f", "-M", "-N", "bench"], check=True, stderr=subprocess.DEVNULL)
        mine, theirs = [], []
        for _ in range(turns):
            began = time.perf_counter()
            assert transport.run(["true"]).code == 0
            between = time.perf_counter()
            subprocess.run([*master, "bench", "true"], check=True, stdin=subprocess.DEVNULL)
            theirs.append(time.perf_counter() - between)
            mine.append(between - began)
        show("command", mine, theirs, "0.5")
        echo(transport, master, turns * 5)
    finally:
        subprocess.run([*master, "-O", "exit", "bench"], check=False, stderr=subprocess.DEVNULL)
        if transport is not None:
            transport.close()
        lan.close()


def echo(transport: SshTransport, master: list[str], turns: int) -> None:
    channel = transport.open(["cat"])
    pipe = subprocess.Popen([*master, "bench", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert pipe.stdin is not None and pipe.stdout is not None
    mine, theirs = [], []
    line = b'{"k": "host", "seq": 1}' * 10 + b"\n"
    for _ in range(turns):
        began = time.perf_counter()
        channel.send(line)
        got = b""
        while not got.endswith(b"\n"):
            got += channel.recv(65536)
        between = time.perf_counter()
        pipe.stdin.write(line)
        got = b""
        while not got.endswith(b"\n"):
            got += pipe.stdout.read(65536)
        theirs.append(time.perf_counter() - between)
        mine.append(between - began)
    channel.close()
    pipe.stdin.close()
    pipe.wait(10)
    pipe.stdout.close()
    show("echo", mine, theirs, "p95 1 ms one way")


if __name__ == "__main__":
    main()
