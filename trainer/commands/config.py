"""`trainer config`: the complete resolved configuration."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from trainer.commands.common import add_config, add_json
from trainer.config import load, to_table, to_toml
from trainer.schema import ConfigError


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument(
        "--each", type=Path, metavar="FILE", help="only say what is wrong with each variant: JSON, lists of KEY=VALUE"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.each is not None:
        variants = json.loads(arguments.each.read_bytes())
        print(json.dumps({"schema": 1, "problems": [_problems(arguments, sets) for sets in variants]}))
        return 0
    config = load(arguments.config, arguments.overrides)
    if arguments.json:
        print(json.dumps(to_table(config), indent=2))
    else:
        print(to_toml(config), end="")
    return 0


def _problems(arguments: argparse.Namespace, sets: Sequence[str]) -> str:
    """A line for each; empty when there is none."""
    try:
        load(arguments.config, [*arguments.overrides, *sets])
    except ConfigError as error:
        return str(error)
    return ""
