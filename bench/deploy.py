"""The trainer's code onto a host: all of it, then unchanged, against rsync over ssh, in turn.

    python bench/deploy.py [--rounds 9]

All over loopback to one sshd. rsync compares sizes and times (`-a`) or contents (`-ac`, which is what we do), through a
master connection that is open already, as ours is. `cold` has a new folder each round.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration/ssh"))

from sshd_house import Lan

from console.shipping.kit import trainer_tree
from remote.deploy.store import Store
from remote.ssh.transport import SshTransport


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ship(store: Store) -> None:
    for _ in store.ensure([trainer_tree()]):
        pass


def show(name: str, mine: list[float], theirs: list[float]) -> None:
    ratios = sorted(ours / other for ours, other in zip(mine, theirs, strict=True))
    cut = len(ratios) // 10
    print(
        f"{name:26} ours {statistics.median(mine) * 1e3:6.1f} ms   rsync {statistics.median(theirs) * 1e3:6.1f} ms   "
        f"ratio {statistics.median(ratios):.2f} ({ratios[cut]:.2f}–{ratios[-1 - cut]:.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    if shutil.which("rsync") is None:
        print("rsync is not installed: nothing to compare with (apt-get install rsync)")
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-deploy-"))
    source = folder / "source"
    tree = trainer_tree()
    for name, entry in tree.entries.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"".join(entry.pieces()))
    lan = Lan(folder)
    transport = None
    master = ["ssh", "-F", str(lan.config), "-S", str(folder / "master")]
    try:
        host = lan.host("bench")
        transport = SshTransport("bench", config_file=str(lan.config))
        transport.open(["true"], bulk=True).close()  # both connections are there
        transport.connect()
        subprocess.run([*master, "-f", "-M", "-N", "bench"], check=True, stderr=subprocess.DEVNULL)

        def rsync(target: Path, options: str) -> float:
            words = ["rsync", options, "-e", " ".join(master), f"{source}/", f"bench:{target}/"]
            return timed(lambda: subprocess.run(words, check=True, stdin=subprocess.DEVNULL))

        def ours(root: Path, store: Store | None = None) -> float:
            return timed(lambda: ship(store or Store(transport, sys.executable, str(root))))

        turns = [(f"first, {len(tree.entries)} files", "-az"), ("unchanged, rsync -a", "-az")]
        turns.append(("unchanged, rsync -ac", "-azc"))
        times: dict[str, tuple[list[float], list[float]]] = {}
        for number in range(rounds):
            root, target = host.home / f"root-{number}", host.home / f"rsync-{number}"
            for name, options in turns:
                mine, theirs = times.setdefault(name, ([], []))
                mine.append(ours(root))
                theirs.append(rsync(target, options))
            store = Store(transport, sys.executable, str(root))
            ship(store)
            mine, theirs = times.setdefault("unchanged, same console", ([], []))
            mine.append(ours(root, store))
            theirs.append(rsync(target, "-az"))
        for name, (mine, theirs) in times.items():
            show(name, mine, theirs)
    finally:
        subprocess.run([*master, "-O", "exit", "bench"], check=False, stderr=subprocess.DEVNULL)
        if transport is not None:
            transport.close()
        lan.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
