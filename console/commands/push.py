"""`trajconsole push`: data of this laptop into a host's data folder, verified there."""

import argparse
import asyncio
from pathlib import Path

from console.commands import common
from console.commands.pull import add_limit, bucket


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", metavar="HOST", help="name of a host of the configuration")
    parser.add_argument("source", metavar="SOURCE", help="file or folder of this laptop")
    parser.add_argument("target", metavar="TARGET", nargs="?", help="name in the host's data folder; else the source's")
    add_limit(parser)


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_push(arguments))


async def _push(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.commands.moving import print_moving
    from console.parallel import in_thread
    from remote.transfer import names
    from trainer.schema import ConfigError, Problem

    engine = common.engine(arguments)
    try:
        common.require_known([arguments.host], sorted(engine.config.hosts), "host")
        source = Path(arguments.source).expanduser().absolute()
        problems = []
        if not source.exists():
            problems.append(Problem("trajconsole", None, "", f"no such file or folder: {arguments.source}"))
        target = (arguments.target or ("" if source.is_file() else source.name)).strip("/")
        if target and (fault := names.fault(target)):
            mend = "name a folder below the host's data folder"
            problems.append(Problem("trajconsole", None, "", f"target {arguments.target!r}: {fault}", mend))
        if problems:
            raise ConfigError(problems)
        steps = in_thread(lambda: engine.actions.push(arguments.host, source, target, bucket(arguments)))
        return common.exit_code(engine, await print_moving(steps, frame.stdout(arguments.ascii)))
    finally:
        engine.pump.close()
        engine.hosts.close()
