"""Arguments that several commands share."""

import argparse

from trainer.config import presets

EXAMPLE_SET = "change a value of the configuration, as in --set run.epochs=3; may be given more than once"


def add_config(parser: argparse.ArgumentParser) -> None:
    """CONFIG and --set."""
    names = ", ".join(presets()) or "none"
    parser.add_argument("config", metavar="CONFIG", help=f"a TOML file, a run's folder, or a preset ({names})")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help=EXAMPLE_SET)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
