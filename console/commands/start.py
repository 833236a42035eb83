"""`trajconsole start`: start workers; each is tried out first."""

import argparse
import asyncio

from console.commands import common


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workers", nargs="+", metavar="WORKER", help="names of the configuration; a sweep's for all of it"
    )
    parser.add_argument(
        "--trial", action="store_true", help="first two epochs on a few samples; starts only when they go well"
    )
    parser.add_argument("--no-check", action="store_true", help="start at once, without trying it out")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(start(arguments))


async def start(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.parallel import in_thread

    engine = common.engine(arguments)
    try:
        common.require_known(arguments.workers, sorted([*engine.config.workers, *engine.config.sweeps]))
        workers = tuple(common.expanded(engine.config, arguments.workers))
        check, trial = not arguments.no_check, arguments.trial
        steps = in_thread(lambda: engine.actions.start(workers, check=check, trial=trial))
        as_json = getattr(arguments, "json", False)  # of the command that made these workers
        out = frame.stderr(arguments.ascii) if as_json else frame.stdout(arguments.ascii)
        return common.exit_code(engine, await common.print_steps(steps, out))
    finally:
        engine.pump.close()
        engine.hosts.close()
