"""A host looked at before it is needed: everything that would fail later, found now, each with its mend.

    found      one thing that was looked at
    host       the order of the looks
    login      the way in: reach, key, what the login shell says and costs, sessions
    programs   Python, tmux, flock
    torch      torch, its CUDA against the driver's, the GPUs that it sees
    folders    root and data: room, right to write, files that can be read
    figures    what the probe sees: clock, GPUs, disks, volumes, processes

Nothing is started and nothing stays on the host.
"""

from console.examine.found import Found
from console.examine.host import examine_host

__all__ = ["Found", "examine_host"]
