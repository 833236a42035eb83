"""`trainer check`: the smoke test before a start."""

import argparse
import dataclasses
import json
from pathlib import Path

from trainer.commands.common import add_config, add_json
from trainer.config import Config, load
from trainer.say import say


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--beside", type=Path, metavar="DIR", help="try the checkpoint on this folder's disk; else here"
    )
    parser.add_argument(
        "--probe-batch", action="store_true", help="find the largest run.batch that fits, and what it would gain"
    )
    parser.add_argument("--memory", type=float, metavar="GB", help="with --probe-batch on a CPU: use no more than this")
    parser.add_argument("--limit", type=float, default=120.0, metavar="S", help="seconds for --probe-batch (120)")


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    if arguments.probe_batch:
        return _probe(config, arguments)
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


def _probe(config: Config, arguments: argparse.Namespace) -> int:
    from trainer.probing import Tried, conclusion, probe

    def tell(tried: Tried) -> None:
        if not arguments.json:
            say(tried.words())

    memory = None if arguments.memory is None else int(arguments.memory * 1e9)
    found = probe(config, tell, limit=arguments.limit, memory=memory)
    told = conclusion(found, config.run.batch)
    if arguments.json:
        largest = max((item.batch for item in found if item.fits), default=None)
        document = {"schema": 1, "batch": config.run.batch, "largest": largest, "conclusion": told}
        print(json.dumps({**document, "tried": [dataclasses.asdict(item) for item in found]}))
    else:
        say(told)
    return 0 if any(item.fits for item in found) else 1
