"""`trajconsole promote`: the best of several finished workers go on, from their last checkpoint, to more epochs."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from console.commands import ending

if TYPE_CHECKING:
    from console.actions import ConsoleActions
    from console.fleet.model import RunKey
    from console.source import Step


def add(parser: argparse.ArgumentParser) -> None:
    ending.add_workers(parser)
    parser.add_argument("--best", type=_count, default=2, metavar="N", help="how many of them go on (default 2)")
    parser.add_argument("--by", default="", metavar="METRIC", help="what decides; else the metric that they all name")
    parser.add_argument("--epochs", type=_count, default=50, metavar="N", help="to how many epochs (default 50)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


def run(arguments: argparse.Namespace) -> int:
    wish = {"best": arguments.best, "metric": arguments.by, "epochs": arguments.epochs, "dry": arguments.dry_run}

    def promote(actions: "ConsoleActions", keys: "tuple[RunKey, ...]") -> "Iterator[Step]":
        return actions.promote(keys, **wish)

    return ending.run_on_runs(arguments, promote, live=False, all_or_none=True)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small: at least 1")
    return number
