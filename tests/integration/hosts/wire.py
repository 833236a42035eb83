"""One host's network: a namespace of its own, a cable to this machine, and what can happen to a cable.

The cable is a veth pair, or, for a long line, a process that carries packets with delay and loss (`long_line.py`). The
namespace lives as long as one process of ours, and the cable as long as the namespace: nothing has to be tidied up,
even when the tests are killed. Addresses are of 198.18.0.0/15, which is kept for tests of networks.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

from sshd_house import until

WITH_US = ("setpriv", "--pdeathsig", "KILL")  # ends when this process does
LONG_LINE = Path(__file__).with_name("long_line.py")
DROP = "drop"
RESET = "meta l4proto tcp reject with tcp reset"


def missing() -> str:
    """Why there can be no such hosts here, in a sentence; empty when there can."""
    if os.getuid() != 0:
        return "hosts in namespaces of their own need root"
    script = (
        "ip link add name one type veth peer name two && nft add table inet t && "
        "mount -t tmpfs tmpfs /run && command -v ss setpriv"
    )
    try:
        done = subprocess.run(["unshare", "-n", "-m", "-u", "-p", "-f", "sh", "-c", script], capture_output=True)
    except OSError as error:
        return f"hosts in namespaces of their own need {error.filename}"
    said = (done.stderr.decode().strip().splitlines() or ["no word"])[-1]
    return f"hosts in namespaces of their own cannot be made here: {said}" if done.returncode else ""


def _own(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)


class Wire:
    """`address` is the host's. With `delay` (seconds, one way) or `loss` (0 to 1) it is a long line."""

    def __init__(self, *, delay: float = 0.0, loss: float = 0.0) -> None:
        self._line: subprocess.Popen[bytes] | None = None
        self._keeper = subprocess.Popen(
            [*WITH_US, "unshare", "-n", "sh", "-c", "ip link set lo up; exec sleep infinity"], stdin=subprocess.DEVNULL
        )
        until(lambda: not Path(f"/proc/{self._keeper.pid}/ns/net").samefile("/proc/self/ns/net"))
        self.enter = ("nsenter", f"--net=/proc/{self._keeper.pid}/ns/net", "--")
        chance = random.SystemRandom()
        while not self._lay(chance.randrange(1 << 15), delay, loss):
            continue

    def _lay(self, number: int, delay: float, loss: float) -> bool:
        """The cable's name is free on this machine, or we try another."""
        name, base = f"tj{number}", (198 << 24) + (18 << 16) + number * 4
        mine, self.address = (".".join(str(byte) for byte in (base + end).to_bytes(4, "big")) for end in (1, 2))
        if delay or loss:
            argv = [sys.executable, str(LONG_LINE), name, f"/proc/{self._keeper.pid}/ns/net", str(delay), str(loss)]
            self._line = subprocess.Popen([*WITH_US, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            assert self._line.stdout is not None
            if self._line.stdout.readline() != b"up\n":
                self._line.wait()
                return False
        else:
            done = _own(
                "ip", "link", "add", "name", name, "type", "veth", "peer", "eth0", "netns", str(self._keeper.pid)
            )
            if done.returncode:
                assert "exists" in done.stderr, done.stderr
                return False
        for enter, address, device in (((), mine, name), (self.enter, self.address, "eth0")):
            for words in (("addr", "add", f"{address}/30", "dev", device), ("link", "set", device, "up")):
                done = _own(*enter, "ip", *words)
                assert done.returncode == 0, done.stderr
        return True

    def down(self) -> None:
        """The plug is pulled."""
        assert _own(*self.enter, "ip", "link", "set", "eth0", "down").returncode == 0

    def up(self) -> None:
        assert _own(*self.enter, "ip", "link", "set", "eth0", "up").returncode == 0

    def refuse(self, verdict: str) -> None:
        """DROP: nothing comes through, and nobody says so. RESET: whatever arrives is answered with a reset."""
        ways = ("input", "output") if verdict == DROP else ("input",)
        chains = "".join(f"chain {way} {{ type filter hook {way} priority 0; {verdict}; }}\n" for way in ways)
        rules = f"table inet fault {{\n{chains}}}\n"
        done = subprocess.run([*self.enter, "nft", "-f", "-"], input=rules, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def mend(self) -> None:
        _own(*self.enter, "nft", "delete", "table", "inet", "fault")

    def kill_sockets(self) -> None:
        """This machine's ends of all connections to the host."""
        done = _own("ss", "-K", "-t", "dst", self.address)
        assert done.returncode == 0, done.stderr

    def accepted(self) -> int:
        """Connections that the host has taken so far."""
        text = Path(f"/proc/{self._keeper.pid}/net/snmp").read_text()
        names, values = (line.split() for line in text.splitlines() if line.startswith("Tcp:"))
        return int(values[names.index("PassiveOpens")])

    def close(self) -> None:
        for process in (self._line, self._keeper):
            if process is not None:
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()
