"""`trainer attend`: where a run looked in one sample, as a picture."""

import argparse
import json
from pathlib import Path

from trainer.commands.common import add_json, add_sample, columns, progress, say_wrapped


def add(parser: argparse.ArgumentParser) -> None:
    add_sample(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.png", help="else figures/attend-SPLIT-N.png of the run")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from trainer.commands.common import asked_of
    from trainer.compare.gaze import draw
    from trainer.record import files
    from trainer.record.jsonl import jsonable
    from trainer.revival import revive

    attend = asked_of(arguments.run, "attend")
    revived = revive(arguments.run, arguments.checkpoint, progress(), arguments.device)
    found = attend(revived, arguments.split, arguments.sample)
    name = f"attend-{arguments.split}-{arguments.sample}.png"
    path: Path = arguments.out or arguments.run / files.FIGURES / name
    draw(found, path)
    if arguments.json:
        run_name = Path(arguments.run).resolve().name
        print(json.dumps(jsonable({"schema": 1, "run": run_name, "picture": str(path), **found.figures})))
    else:
        say_wrapped([found.title, *found.told, str(path)], columns())
    return 0
