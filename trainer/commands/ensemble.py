"""`trainer ensemble`: several runs that answer together, and what that gains over the best of them."""

import argparse
import json
from pathlib import Path

from trainer.commands.common import add_json, add_predicting, columns, progress, say_wrapped, wanted_of, write_text
from trainer.say import say


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="a run's folder; two or more")
    add_predicting(parser)
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="the figures and the recipe to do it again, too")
    parser.add_argument(
        "--apply", type=Path, metavar="FILE.json", help="do a recipe of --out with these runs; nothing is fitted"
    )
    parser.add_argument("--answers", type=Path, metavar="FILE.csv", help="what each ensemble says of every sample, too")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from trainer.compare import ensemble, recipe
    from trainer.compare.gather import require_runs
    from trainer.outcomes.table import text
    from trainer.record.jsonl import jsonable

    folders, wanted = require_runs(arguments.runs), wanted_of(arguments)
    if arguments.apply:
        found = recipe.apply(arguments.apply, folders, wanted, progress())
    else:
        found = ensemble.ensemble(folders, wanted, progress())
    document = jsonable(ensemble.document(found))
    if arguments.out:
        write_text(arguments.out, json.dumps(document, indent=1) + "\n")
    if arguments.answers:
        write_text(arguments.answers, ensemble.answers(found))
    if arguments.json:
        print(json.dumps(document))
        return 0
    width = columns()
    say("\n".join([*text(ensemble.table(found), width), ""]))
    say_wrapped(ensemble.sentences(found), width)
    return 0
