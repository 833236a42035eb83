"""`trainer check`: the smoke test before a start."""

import argparse
import dataclasses
import json
from pathlib import Path

from trainer.commands.common import add_config, add_json
from trainer.config import load
from trainer.say import say


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--beside", type=Path, metavar="DIR", help="try the checkpoint on this folder's disk; else here"
    )


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    if not arguments.json:
        what = f"{config.run.name}: task {config.task}, {config.run.epochs} epochs of batch {config.run.batch}"
        say(f"ok    configuration  {what}")
    from trainer.checks import Check, checks

    found: list[Check] = []
    for check in checks(config, arguments.beside or Path.cwd()):
        found.append(check)
        if not arguments.json:
            mend = f" — {check.mend}" if check.mend else ""
            say(f"{'ok' if check.ok else 'FAIL':4}  {check.name:13}  {check.detail}{mend}  ({check.seconds:.1f} s)")
    ok = all(check.ok for check in found)
    if arguments.json:
        print(json.dumps({"schema": 1, "ok": ok, "checks": [dataclasses.asdict(check) for check in found]}))
    return 0 if ok else 1
