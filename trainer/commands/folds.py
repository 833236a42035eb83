"""`trainer folds`: train a configuration once for each fold of its subjects, and what all come to together."""

import argparse
import json
from pathlib import Path

from trainer import folds
from trainer.commands.common import add_config, add_json, columns, progress
from trainer.config import load
from trainer.launching import train
from trainer.outcomes.table import text
from trainer.record import RunLocked, RunReader
from trainer.record.jsonl import jsonable
from trainer.say import mute, say
from trainer.schema import ConfigError, Problem


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument(
        "--run-dir", type=Path, required=True, metavar="DIR", help="holds fold-0, fold-1, … of the family"
    )
    parser.add_argument("--only", default="", metavar="K,…", help="these folds alone, as in 0,2; else all")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    family: Path = arguments.run_dir
    config = load(arguments.config, arguments.overrides)
    wanted = folds.numbers(config, arguments.only)
    if arguments.json:
        mute()
    known = folds.read(family)
    for number in wanted:
        code = _train(arguments, family / f"fold-{number}", number)
        if code is not None:
            return code
        known[number] = folds.measure(family / f"fold-{number}", number, known.get(number), progress())
        document = folds.write(family, config, known)
    if arguments.json:
        print(json.dumps(jsonable(document)))
        return 0
    width = columns()
    say("\n".join(["", *text(folds.table(document), width)]))
    return 0


def _train(arguments: argparse.Namespace, folder: Path, number: int) -> int | None:
    """None when the fold is trained to its end, else the exit code to leave with."""
    overrides = [*arguments.overrides, f"data.fold={number}"]
    if folds.finished(folder, load(arguments.config, overrides)):
        say(f"fold {number}: finished before")
        return None
    say(f"fold {number}: {folder}")
    try:
        resume = RunReader(folder).status() is not None
        code = train(arguments.config, overrides, folder, resume=resume, since=arguments.since)
    except RunLocked as error:
        raise ConfigError([Problem(str(folder), None, "", str(error))]) from None
    status = RunReader(folder).status()
    if status is not None and status.state in folds.DONE:
        return None
    state = "unknown" if status is None else status.state
    say(f"fold {number} is {state}: the others were not begun; the same command goes on")
    return code
