"""`trajconsole stop`: stop workers: a checkpoint first, then verified gone."""

import argparse

from console.commands import ending

add = ending.add_workers


def run(arguments: argparse.Namespace) -> int:
    names = frozenset(arguments.workers)
    return ending.run_on_runs(arguments, lambda actions, keys: actions.stop(keys, studies=names), live=True)
