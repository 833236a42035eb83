"""What `stop`, `kill` and `resume` share: an action on the newest runs of workers."""

import argparse
import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.actions import ConsoleActions
    from console.fleet.model import RunKey
    from console.source import Step

    Deed = Callable[[ConsoleActions, tuple[RunKey, ...]], Iterator[Step]]


TRUTH_S = 60.0  # what is done to runs is decided on what hosts say now, however slow they are, not on yesterday's copy


def add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workers", nargs="+", metavar="WORKER", help="names of workers")


def run_on_runs(arguments: argparse.Namespace, deed: "Deed", *, live: bool, all_or_none: bool = False) -> int:
    """Do it to the newest run of each worker. `live`: a worker that does not run needs nothing done. `all_or_none`: the
    workers are one choice, and one that never ran keeps it from being made.
    """
    return asyncio.run(_run(arguments, deed, live, all_or_none))


async def _run(arguments: argparse.Namespace, deed: "Deed", live: bool, all_or_none: bool) -> int:
    from console import frame
    from console.engine import open_engine
    from console.parallel import in_thread

    out, err = frame.stdout(arguments.ascii), frame.stderr(arguments.ascii)
    async with open_engine(common.engine(arguments), wait=TRUTH_S) as engine:
        common.tell_problems(engine, err)
        found = common.newest_keys(engine.config, engine.pump.fleet, arguments.workers)
        good, keys = True, []
        for name, key in found.items():
            if key is None:
                good = live and good
                out.line(f"{'✓' if live else '✗'} {name}: was never started")
            elif live and not common.row_of(engine, key).state.live:
                out.line(f"✓ {name}: is not running ({common.row_of(engine, key).state.name})")
            else:
                keys.append(key)
        if keys and (good or not all_or_none):
            good = await common.print_steps(in_thread(lambda: deed(engine.actions, tuple(keys))), out) and good
        return common.exit_code(engine, good)
