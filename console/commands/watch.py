"""`trajconsole watch`: no screen. It syncs results, writes the report, sends alerts; leaving it touches no worker."""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.frame import Paper
    from console.watch.lease import Lease

FOLLOW_S = 2.0


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--every", type=_span, default=120.0, metavar="TIME", help="between syncs, as 2m or 30s; 2m")
    parser.add_argument("--to", type=Path, default=Path("runs"), metavar="FOLDER", help="of results and report; ./runs")
    parser.add_argument("--no-sync", action="store_true", help="leave results on the hosts: report and alerts only")
    parser.add_argument("--dry-run", action="store_true", help="say what it would stop, sync and tell now; do nothing")
    parser.add_argument("--once", action="store_true", help="one look, one sync, one report, and end")


def run(arguments: argparse.Namespace) -> int:
    try:
        return asyncio.run(_watch(arguments))
    except KeyboardInterrupt:
        print("left; the workers go on", file=sys.stderr)
        return 0


async def _watch(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.config import state_folder
    from console.engine import open_engine
    from console.watch.lease import Lease
    from console.watch.watcher import Settings, Watcher

    out = frame.stdout(arguments.ascii)
    folder = (Path(arguments.state).expanduser() if arguments.state else state_folder()) / "watch"

    def tell(text: str, tone: str) -> None:
        out.line(f"{time.strftime('%H:%M:%S')} {text}", tone)
        sys.stdout.flush()

    if arguments.dry_run:
        return await _dry(arguments, folder, out)
    with Lease(folder) as lease:
        await _turn(lease, out)
        async with open_engine(common.engine(arguments)) as engine:
            common.tell_problems(engine, frame.stderr(arguments.ascii))
            settings = Settings(arguments.every, arguments.to, not arguments.no_sync)
            ways = ", ".join(engine.config.alerts) or "none configured"
            tell(f"watching {len(engine.config.hosts)} hosts; alerts: {ways}", "text")
            good = await Watcher(engine, folder, settings, tell).run(once=arguments.once)
            reached = any(host.reachable for host in engine.pump.fleet.hosts.values())
            return 0 if good and reached else 1 if reached else 3


async def _dry(arguments: argparse.Namespace, folder: Path, out: "Paper") -> int:
    """One look, without any action; a watch may be going on meanwhile."""
    from console.engine import open_engine
    from console.watch.watcher import Settings, Watcher

    arguments.readonly = True
    async with open_engine(common.engine(arguments)) as engine:
        watcher = Watcher(engine, folder, Settings(arguments.every, arguments.to, not arguments.no_sync), out.line)
        for text, tone in watcher.would(time.time()):
            out.line(text, tone)
        return 0 if any(host.reachable for host in engine.pump.fleet.hosts.values()) else 3


async def _turn(lease: "Lease", out: "Paper") -> None:
    """Wait until no other watch acts."""
    if lease.take():
        return
    out.line(f"{lease.holder()} is watching already: this one takes over when it ends", "warn")
    sys.stdout.flush()
    while not lease.take():
        await asyncio.sleep(FOLLOW_S)
    out.line("taking over", "text")


def _span(text: str) -> float:
    from console import times

    try:
        return times.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
