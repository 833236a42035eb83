"""What the probe does after its greeting: figures, facts, files and processes, each at its own pace."""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, List

from remote.probe import disks, host
from remote.probe.document import Document
from remote.probe.folder import Folder
from remote.probe.output import Output
from remote.probe.processes import Processes
from remote.probe.sampler import Sampler
from remote.probe.tree import Tree

FIRST_FIGURES = 0.5  # how long the first heartbeat waits for disks and GPUs


def begin(root: str, request: Dict[str, Any], output: Output) -> None:
    """Does not return."""
    beat = float(request.get("heartbeat") or 1.0)
    threading.Thread(target=_tell, args=(root, output, beat), name="figures", daemon=True).start()
    threading.Thread(target=_tell_facts, args=(request, output), name="facts", daemon=True).start()
    _watch(root, request, output)


def _tell_facts(request: Dict[str, Any], output: Output) -> None:
    from remote.probe import facts  # no other thread waits for it

    facts.tell(output.send, float(request.get("facts_after", facts.AFTER)))


def _tell(root: str, output: Output, beat: float) -> None:
    """The figures, which are the heartbeat too."""
    from remote.probe.gpus import Gpus, GpuSampler  # no other thread waits for it

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
