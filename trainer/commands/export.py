"""`trainer export`: a run's best weights with all that is needed to use them, in one zip that was tried out."""

import argparse
import json
from pathlib import Path

from trainer.commands.common import add_json, asked_of, progress
from trainer.record.jsonl import jsonable
from trainer.say import say
from trainer.schema import ConfigError, Problem


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("--to", type=Path, metavar="FILE.zip", help="else RUN/export.zip")
    parser.add_argument("--checkpoint", default="best", help="best (default), last, or a file in checkpoints/")
    parser.add_argument("--device", default="", help="instead of the one in the run's configuration")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from trainer.revival import revive
    from trainer.tasks import Exported

    work = asked_of(arguments.run, "export")
    path: Path = arguments.to or arguments.run / "export.zip"
    if arguments.to and path.exists():
        raise ConfigError([Problem("--to", None, "", f"{path} is there already", "another name, or remove it")])
    revived = revive(arguments.run, arguments.checkpoint, progress(), arguments.device)
    found: Exported = work(revived, path, progress())
    if arguments.json:
        plain = {"recorded": found.recorded, "found": found.found, "same": found.same}
        document = {"schema": 1, "run": arguments.run.resolve().name, "figure": found.figure, **plain}
        print(json.dumps(jsonable({**document, "file": str(path) if found.same else None, "files": list(found.files)})))
    elif found.same:
        say(f"{path}: {', '.join(found.files)}")
        say(f"checked in a fresh process: {found.figure} {found.found:.6f}, the run has {found.recorded:.6f}")
    else:
        say(f"not written: what was exported has {found.figure} {found.found:.6f}, the run has {found.recorded:.6f}")
    return 0 if found.same else 1
