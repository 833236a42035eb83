"""`trajconsole report`: the state of everything as a Markdown file and as one HTML page with the curves."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from console.commands import common

FOLDER = "runs"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workers", metavar="WORKER", nargs="*", help="of these workers; without any: of all")
    parser.add_argument(
        "--to", type=Path, default=Path(FOLDER), metavar="FOLDER", help=f"where to write; else ./{FOLDER}"
    )
    parser.add_argument("--print", action="store_true", help="the Markdown on stdout, and no files")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_report(arguments))


async def _report(arguments: argparse.Namespace) -> int:
    from console import report
    from console.engine import open_engine
    from console.frame import stderr
    from console.report.contents import gather
    from console.report.markdown import markdown

    err = stderr(arguments.ascii)
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, err)
        pump = engine.pump
        common.require_known(arguments.workers, common.known_workers(engine.config, pump.fleet))
        problems = [str(problem) for problem in pump.problems]
        contents = gather(pump.fleet, pump.races(), time.time(), only=arguments.workers, problems=problems)
        reached = any(host.reachable for host in pump.fleet.hosts.values())
    if arguments.print:
        sys.stdout.write(markdown(contents))
    else:
        for path in report.write(contents, arguments.to):
            print(path)
    if not reached:
        err.line("no host was reached: this is what was known last", "warn")
    return 0 if reached else 3
