"""`trajconsole start`: start workers; each is tried out first."""

import argparse
import asyncio

from console.commands import common


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workers", nargs="+", metavar="WORKER", help="names of the configuration")
    parser.add_argument(
        "--trial", action="store_true", help="first two epochs on a few samples; starts only when they go well"
    )
    parser.add_argument("--no-check", action="store_true", help="start at once, without trying it out")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_start(arguments))


async def _start(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.parallel import in_thread

    engine = common.engine(arguments)
    try:
        common.require_known(arguments.workers, sorted(engine.config.workers))
        workers = tuple(dict.fromkeys(arguments.workers))
        check, trial = not arguments.no_check, arguments.trial
        steps = in_thread(lambda: engine.actions.start(workers, check=check, trial=trial))
        return common.exit_code(engine, await common.print_steps(steps, frame.stdout(arguments.ascii)))
    finally:
        engine.pump.close()
        engine.hosts.close()
