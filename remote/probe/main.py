"""The probe: one request in, JSON lines out, until the input ends or the lease runs out.

It greets before it reads in the rest of itself: on a busy host that takes longer than the start of Python.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from remote.probe import host
from remote.probe.output import Output


def end() -> None:
    """At once and completely: a thread may hang in a driver, and nobody reads any more."""
    end_all = getattr(sys.modules.get("remote.probe.tools"), "end_all", None)
    if end_all is not None:  # before all of it is read in, it has started nothing
        end_all()
    os._exit(0)


def main() -> None:
    request = json.loads(sys.stdin.buffer.readline())
    lease = float(request["lease"])
    # The kernel keeps the lease: it ends this process even when every thread of it hangs.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, lease)
    root = os.path.abspath(os.path.expanduser(request["root"]))
    output = Output(1, end)
    output.send(host.hello(root))
    threading.Thread(target=_obey, args=(lease,), name="commands", daemon=True).start()
    from remote.probe import work  # after the greeting

    work.begin(root, request, output)


def _obey(lease: float) -> None:
    """Every line renews the lease; the end of the input is the end."""
    while sys.stdin.buffer.readline():
        signal.setitimer(signal.ITIMER_REAL, lease)
    end()
