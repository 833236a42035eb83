"""`trainer config`: the complete resolved configuration."""

import argparse
import json

from trainer.commands.common import add_config, add_json
from trainer.config import load, to_table, to_toml


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    if arguments.json:
        print(json.dumps(to_table(config), indent=2))
    else:
        print(to_toml(config), end="")
    return 0
