"""`trajconsole attach`: this terminal becomes the worker's session; detach with the tmux prefix and d."""

import argparse
import asyncio
import os
import shlex
import sys

from console.commands import common
from trainer.schema import ConfigError, Problem


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("worker", metavar="WORKER", help="name of a running worker")


def run(arguments: argparse.Namespace) -> int:
    argv = asyncio.run(_argv(arguments))
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError([Problem("trajconsole", None, "", "attach needs a terminal", f"type: {shlex.join(argv)}")])
    os.execvp(argv[0], argv)  # noqa: S606 - the session takes this process's place


async def _argv(arguments: argparse.Namespace) -> list[str]:
    from console.engine import open_engine

    async with open_engine(common.engine(arguments)) as engine:
        key = common.newest_keys(engine.config, engine.pump.fleet, [arguments.worker])[arguments.worker]
        if key is None or not common.row_of(engine, key).state.live:
            what = f"{arguments.worker} is not running"
            raise ConfigError([Problem("trajconsole", None, "", what, f"trajconsole logs {arguments.worker}")])
        return engine.actions.attach_argv(key)
