"""`trainer compare`: runs beside each other, sample by sample, and which differences are larger than noise."""

import argparse
import json
from pathlib import Path

from trainer.commands.common import add_json, add_predicting, columns, progress, say_wrapped, wanted_of, write_text
from trainer.say import say


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="a run's folder")
    add_predicting(parser)
    parser.add_argument("--level", type=float, default=0.95, help="of intervals and verdicts (default 0.95)")
    parser.add_argument("--no-baselines", action="store_true", help="without the rows that no model said")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the tables as Markdown, too")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="a picture, too")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from trainer.compare import report, tables
    from trainer.compare.gather import require_runs
    from trainer.outcomes.table import markdown, text
    from trainer.record.jsonl import jsonable
    from trainer.schema import ConfigError, Problem

    if not 0.5 <= arguments.level < 1:
        raise ConfigError(
            [Problem("--level", None, "", f"{arguments.level:g} is not from 0.5 to below 1", "as in 0.95")]
        )
    folders = require_runs(arguments.runs)
    found = report.compare(
        folders, wanted_of(arguments), progress(), level=arguments.level, baselines=not arguments.no_baselines
    )
    made, told = tables.tables(found), tables.sentences(found)
    if arguments.json:
        print(json.dumps(jsonable(tables.document(found))), flush=True)
    else:
        width = columns()
        for table in made:
            say("\n".join([*text(table, width), ""]))
        say_wrapped(told, width)
    if arguments.markdown:
        lines = [line for table in made for line in [*markdown(table), ""]]
        write_text(arguments.markdown, "\n".join([*lines, *(f"- {line}" for line in told)]) + "\n")
    if arguments.picture and found.blocks:
        from trainer.compare.picture import draw

        draw(found, arguments.picture)
    return 1 if found.left_out else 0
