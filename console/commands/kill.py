"""`trajconsole kill`: kill workers at once."""

import argparse

from console.commands import ending

add = ending.add_workers


def run(arguments: argparse.Namespace) -> int:
    return ending.run_on_runs(arguments, lambda actions, keys: actions.kill(keys), live=True)
