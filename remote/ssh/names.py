"""Addresses of names, with a bound: a name server that does not answer holds up a thread of its own, and nobody else.

getaddrinfo cannot be ended. Whoever asks again for a name that is still being looked up waits for the same answer: it
is one thread a name. An answer that comes when nobody waits any more is there for the next try.
"""

import math
import socket
import threading
import time
from typing import Any

from remote.errors import TimedOut, Unreachable
from remote.ssh.patience import Patience

FRESH_S = 60.0  # for so long an answer waits for the next try

_lock = threading.Lock()
_lookups: dict[tuple[str, int], "_Lookup"] = {}  # under way, or answered and not yet taken


class _Lookup(threading.Thread):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(name=f"address of {host}", daemon=True)
        self.found: list[Any] = []
        self.problem: OSError | None = None
        self.asked = (host, port)
        self.stale_at = math.inf
        self._answered = threading.Condition()
        self._over = False

    def run(self) -> None:
        try:
            self.found = list(socket.getaddrinfo(*self.asked, type=socket.SOCK_STREAM))
        except OSError as error:
            self.problem = error
        self.stale_at = time.monotonic() + FRESH_S
        with self._answered:
            self._over = True
            self._answered.notify_all()

    def wait(self, timeout: float, patience: Patience) -> bool:
        """Whether there is an answer."""
        left = threading.Event()

        def leave() -> None:
            left.set()
            with self._answered:
                self._answered.notify_all()

        patience.wakes(leave)
        with self._answered:
            return self._answered.wait_for(lambda: self._over or left.is_set(), timeout) and self._over


def addresses(host: str, port: int, timeout: float, patience: Patience) -> list[Any]:
    """As getaddrinfo gives them. An address needs no look-up."""
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        lookup = _begun(host, port)
    answered = lookup.wait(timeout, patience)
    patience.check()
    if answered:
        _taken(lookup)
    else:
        mend = "look at the name server of this machine, or write the host's address as HostName"
        raise TimedOut(f"the name {host} was not resolved within {timeout:g} s", mend)
    if lookup.problem is not None:
        mend = "look at the host's `ssh` key and at HostName in your ssh configuration"
        raise Unreachable(f"the name {host} has no address: {lookup.problem.strerror or lookup.problem}", mend)
    return lookup.found


def _begun(host: str, port: int) -> _Lookup:
    with _lock:
        found = _lookups.get((host, port))
        if found is None or time.monotonic() > found.stale_at:
            found = _lookups[host, port] = _Lookup(host, port)
            found.start()
        return found


def _taken(lookup: _Lookup) -> None:
    """Whoever comes now asks anew."""
    with _lock:
        if _lookups.get(lookup.asked) is lookup:
            del _lookups[lookup.asked]
