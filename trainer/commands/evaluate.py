"""`trainer evaluate`: figures of a run's checkpoint on any split."""

import argparse
import json
from pathlib import Path

from trainer.commands.common import add_json
from trainer.say import figures


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--checkpoint", default="best", help="best (default), last, or a file in checkpoints/")
    parser.add_argument("--device", default="", help="instead of the one in the run's configuration")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from trainer.build import notes_of
    from trainer.revival import revive

    revived = revive(arguments.run, arguments.checkpoint, _quiet, arguments.device)
    found = revived.evaluate(arguments.split, _quiet)
    saved, notes = revived.saved, notes_of(revived.config, revived.task)
    if arguments.json:
        result = {
            "schema": 1,
            "run": arguments.run.resolve().name,
            "split": arguments.split,
            "samples": revived.task.size(arguments.split),
            "checkpoint": saved.file,
            "epoch": saved.epoch,
            "step": saved.step,
            "metrics": dict(found.metrics),
            "notes": list(notes),
        }
        from trainer.record.jsonl import jsonable

        print(json.dumps(jsonable(result)))
    else:
        told = "".join(f"\nnote: {note}" for note in notes)
        print(f"{saved.file} on {arguments.split}: {figures(dict(found.metrics))}{told}")
    return 0


def _quiet(what: str, done: float, total: float | None) -> None:
    """Progress is for runs; a command that ends in seconds shows its result."""
