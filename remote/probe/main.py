"""The probe: one request in, JSON lines out, until the input ends or the lease runs out."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any, Dict, List

from remote.probe import disks, facts, host, tools
from remote.probe.document import Document
from remote.probe.folder import Folder
from remote.probe.gpus import Gpus, GpuSampler
from remote.probe.output import Output
from remote.probe.processes import Processes
from remote.probe.sampler import Sampler
from remote.probe.tree import Tree

FIRST_FIGURES = 0.5  # how long the first heartbeat waits for disks and GPUs


def end() -> None:
    """At once and completely: a thread may hang in a driver, and nobody reads any more."""
    tools.end_all()
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
    beat = float(request.get("heartbeat") or 1.0)
    threading.Thread(target=_tell, args=(root, output, beat), name="figures", daemon=True).start()
    after = float(request.get("facts_after", facts.AFTER))
    threading.Thread(target=facts.tell, args=(output.send, after), name="facts", daemon=True).start()
    _watch(root, request, output)


def _obey(lease: float) -> None:
    """Every line renews the lease; the end of the input is the end."""
    while sys.stdin.buffer.readline():
        signal.setitimer(signal.ITIMER_REAL, lease)
    end()


def _tell(root: str, output: Output, beat: float) -> None:
    """The figures, which are the heartbeat too."""
    figures, gpus = host.Figures(), GpuSampler(Gpus())
    mounted: Sampler[List[Dict[str, Any]]] = Sampler("disks", lambda: disks.read(root), 5.0)
    figures.read()
    gpus.wait(FIRST_FIGURES)
    mounted.answered.wait(FIRST_FIGURES)
    began = time.monotonic()
    seq = 0

    def make() -> Dict[str, Any]:
        seen = gpus.read()
        row = {"k": "host", "seq": seq, "time": time.time(), "mono": time.monotonic(), "disks": mounted.latest or []}
        row.update(figures.read(), gpus=seen.gpus, gpu_source=seen.source, gpu_error=seen.error)
        return row

    while True:
        output.send_urgent(make)
        seq += 1
        time.sleep(max(0.05, began + seq * beat - time.monotonic()))
        if time.monotonic() > began + (seq + 1) * beat:  # this process was stopped for a while
            began = time.monotonic() - seq * beat


def _watch(root: str, request: Dict[str, Any], output: Output) -> None:
    """The files and the processes, for ever."""
    processes = Processes(host.boot_id(), output.send)

    def heard(folder: Folder, document: Document) -> None:
        processes.heard(folder.name, document.name, document.text)

    tree = Tree(root, request["folders"], request.get("offsets") or {}, output.send, heard, processes.left)
    while True:
        pause = tree.look(time.monotonic())
        if processes.look(time.monotonic()):
            tree.mark_alive(processes.folders())
        if pause:
            time.sleep(pause)
