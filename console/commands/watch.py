"""`trajconsole watch`: no screen. It syncs results, writes the report, sends alerts; leaving it touches no worker."""

import argparse
import asyncio
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console import spans
from console.commands import common
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from console.engine import Engine
    from console.frame import Paper
    from console.watch.lease import Lease

FOLLOW_S = 2.0


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every", type=spans.argument, default=120.0, metavar="TIME", help="between syncs, as 2m or 30s; 2m"
    )
    parser.add_argument("--to", type=Path, default=None, metavar="FOLDER", help="of results and report; ./runs")
    parser.add_argument("--no-sync", action="store_true", help="leave results on the hosts: report and alerts only")
    parser.add_argument("--on", metavar="HOST", help="on this host, in tmux: it goes on when this laptop is closed")
    parser.add_argument("--status", action="store_true", help="with --on: does it watch, and its last lines")
    parser.add_argument("--stop", action="store_true", help="with --on: end it, verified gone")
    parser.add_argument("--here", metavar="HOST", default="", help="this machine is HOST: as --on starts it there")
    parser.add_argument("--dry-run", action="store_true", help="say what it would stop, sync and tell now; do nothing")
    parser.add_argument("--once", action="store_true", help="one look, one sync, one report, and end")


def run(arguments: argparse.Namespace) -> int:
    if (arguments.status or arguments.stop) and not arguments.on:
        mend = "add --on HOST; a watch in a terminal ends by ctrl+c"
        raise ConfigError([Problem("trajconsole", None, "", "--status and --stop are of a watch on a host", mend)])
    if arguments.on and (arguments.once or arguments.dry_run or arguments.here):
        mend = "they are of a watch on this machine"
        raise ConfigError(
            [Problem("trajconsole", None, "--on", "goes with --status, --stop, --every, --no-sync", mend)]
        )
    if arguments.on:
        from console.commands import watch_on

        return asyncio.run(watch_on.run(arguments))
    arguments.to = arguments.to or Path("runs")
    try:
        return asyncio.run(_watch(arguments))
    except KeyboardInterrupt:
        print("left; the workers go on", file=sys.stderr)
        return 0


async def _watch(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.config import state_folder
    from console.engine import open_engine
    from console.format import plural
    from console.watch.beating import beating
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
            settings = Settings(arguments.every, arguments.to, not arguments.no_sync, arguments.here)
            ways = ", ".join(engine.config.alerts) or "none configured"
            tell(f"watching {plural(len(engine.config.hosts), 'host')}; alerts: {ways}", "text")
            watcher = Watcher(engine, folder, settings, tell, **_others(arguments, engine))
            async with beating(engine.config.path.parent, arguments.every) if arguments.here else nullcontext():
                good = await watcher.run(once=arguments.once)
            reached = any(host.reachable for host in engine.pump.fleet.hosts.values())
            return 0 if good and reached else 1 if reached else 3


def _others(arguments: argparse.Namespace, engine: "Engine") -> dict[str, Any]:
    """Where another watch of this configuration acts: one on a host comes before one on a laptop."""
    if arguments.here:
        return {}
    from console.fleet.beats import watching
    from console.watch.identity import identity
    from console.watch.post import Post

    own = identity(common.state_of(arguments), engine.config.path)

    def elsewhere() -> str:
        return next((name for name, _ in watching(engine.pump.fleet, time.time(), own)), "")

    return {"elsewhere": elsewhere, "book_of": lambda host: Post(engine.config, engine.hosts, host, own).book()}


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
