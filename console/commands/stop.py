"""`trajconsole stop`: stop workers: a checkpoint first, then verified gone."""

import argparse

from console import spans
from console.commands import ending


def add(parser: argparse.ArgumentParser) -> None:
    ending.add_workers(parser)
    parser.add_argument(
        "--grace", type=spans.argument, metavar="TIME", help="for the checkpoint, before signals are sent, as 5m; 60s"
    )


def run(arguments: argparse.Namespace) -> int:
    names, grace = frozenset(arguments.workers), arguments.grace
    return ending.run_on_runs(
        arguments, lambda actions, keys: actions.stop(keys, studies=names, grace=grace), live=True
    )
