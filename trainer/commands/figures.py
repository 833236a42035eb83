"""`trainer figures`: draw a run's pictures again."""

import argparse
from pathlib import Path

from trainer.record import RunReader, files


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("--checkpoint", default="last", help="last (default), best, or a file in checkpoints/")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to; else figures/ in the run's folder")


def run(arguments: argparse.Namespace) -> int:
    from trainer.revival import revive
    from trainer.say import say

    def report(what: str, done: float, total: float | None) -> None:
        """Pictures need one validation; its end is answer enough."""

    revived = revive(arguments.run, arguments.checkpoint, report)
    last = revived.evaluate("val", report)
    folder: Path = arguments.out or arguments.run / files.FIGURES
    folder.mkdir(parents=True, exist_ok=True)
    rows = [dict(row) for row in RunReader(arguments.run).metrics()]
    for path in revived.task.finish(list(rows), revived.first, last, folder):
        say(str(path))
    return 0
