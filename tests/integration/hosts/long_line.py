"""A line of many kilometres: packets between this network namespace and another, late, some never.

    python long_line.py NAME NETNS DELAY LOSS     "up" on stdout when both ends are there

NAME is the interface on this side, eth0 the one over there; DELAY in seconds one way, LOSS from 0 to 1. Both interfaces
go with this process.
"""

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
CLONE_NEWNET = 0x40000000


def tun(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER))
    return descriptor


def main() -> None:
    name, netns, delay, loss = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    here = tun(name)
    with open(netns) as space:
        if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {netns}")
    there = tun("eth0")
    print("up", flush=True)
    other, chance = {here: there, there: here}, random.Random(4)
    waiting: list[tuple[float, int, int, bytes]] = []
    count = 0
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(list(other), [], [], pause)[0]:
            with contextlib.suppress(OSError):  # an end that is down
                packet = os.read(end, 65536)
                if chance.random() >= loss:
                    count += 1
                    heapq.heappush(waiting, (time.monotonic() + delay, count, other[end], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(waiting)
            with contextlib.suppress(OSError):
                os.write(end, packet)


if __name__ == "__main__":
    main()
