"""A name server on a loopback address of its own that answers when the test lets it, and this machine's view of it."""

import random
import socket
import struct
import threading
from pathlib import Path


class NameServer:
    """Knows `names`: the address, and the event before which nobody hears it."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, tuple[str, threading.Event]] = {}
        self.asked: list[str] = []
        self._over = threading.Event()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.53.{random.SystemRandom().randrange(256)}.{random.SystemRandom().randrange(1, 255)}"
        self._sock.bind((self.address, 53))
        self._sock.settimeout(0.05)
        self._config = folder / "resolv.conf"
        self._config.write_text(f"nameserver {self.address}\noptions timeout:30 attempts:2\n")
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def inside(self, *argv: str) -> list[str]:
        """The command line that runs where this is the name server."""
        script = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
        return ["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "sh", "-ec", script, "sh", str(self._config), *argv]

    def _serve(self) -> None:
        waiting: list[tuple[bytes, tuple[str, int], str]] = []
        while not self._over.is_set():
            try:
                data, sender = self._sock.recvfrom(512)
            except TimeoutError:
                pass
            else:
                name = _name(data)
                self.asked.append(name)
                waiting.append((data, sender, name))
            for item in [item for item in waiting if item[2] in self.names and self.names[item[2]][1].is_set()]:
                waiting.remove(item)
                self._sock.sendto(_answer(item[0], self.names[item[2]][0]), item[1])

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._sock.close()


def _name(query: bytes) -> str:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels)


def _answer(query: bytes, address: str) -> bytes:
    """One A record; no address of another kind."""
    end = 12 + len(_name(query)) + 2 + 4
    question = query[12:end]
    plain = question[-4:-2] == b"\0\1"
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(plain), 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
    return head + question + (record if plain else b"")
