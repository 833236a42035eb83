"""`trainer find-lr`: which learning rate."""

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.commands.common import add_config, add_json, progress
from trainer.config import load
from trainer.record import atomic, edit
from trainer.say import duration, say
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from trainer.find_lr import Found


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--low", type=float, default=1e-3, metavar="RATE", help="where the sweep begins (0.001)")
    parser.add_argument("--high", type=float, default=5.0, metavar="RATE", help="where it ends (5)")
    parser.add_argument("--steps", type=int, default=100, metavar="N", help="batches, and rates, in between (100)")
    parser.add_argument("--limit", type=float, default=300.0, metavar="S", help="seconds for everything (300)")
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw the sweep into this file")
    parser.add_argument("--write", type=Path, metavar="TOML", help="put the suggestion into this file as optim.lr")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    if not 0 < arguments.low < arguments.high or arguments.steps < 2 or arguments.limit <= 0:
        what = "needs 0 < --low < --high, at least 2 --steps and a --limit above 0"
        raise ConfigError([Problem("find-lr", None, "", what)])
    if arguments.write is not None:
        load(str(arguments.write))  # what cannot be used is not written into, and is known before the sweep
    from trainer.find_lr import Asked, sweep

    asked = Asked(arguments.low, arguments.high, arguments.steps, arguments.limit)
    found = sweep(config, asked, progress())
    if arguments.picture is not None:
        from trainer.find_lr_picture import draw

        draw(found, config.optim.lr, f"{config.run.name}: which learning rate", arguments.picture)
    if arguments.write is not None and found.suggestion is not None:
        text = arguments.write.read_text("utf-8")
        atomic.replace(arguments.write, edit.put(text, "optim", "lr", f"{found.suggestion:g}").encode(), durable=True)
    if arguments.json:
        print(json.dumps({"schema": 1, **dataclasses.asdict(found)}))
    else:
        _tell(found, config.optim.lr, arguments.write)
    code = 0 if found.suggestion is not None else 1
    if found.stuck:  # a read that never returns would keep the process
        sys.stdout.flush()
        os._exit(code)
    return code


def _tell(found: "Found", now: float, written: Path | None) -> None:
    count = len(found.rates)
    reach = f", rates {found.rates[0]:g} to {found.rates[-1]:.3g}" if count else ""
    say(f"{count} steps in {duration(found.seconds)}{reach}: {found.ended}")
    if found.suggestion is None:
        say("no suggestion: the loss did not fall, or there are fewer than 20 steps; try other --low, --high, --limit")
        return
    say(f"suggestion: optim.lr = {found.suggestion:g}, where the smoothed loss falls steepest (now {now:g})")
    say("weights, optimiser and generators are as they were, to the bit")
    if written is not None:
        say(f"written into {written}")
