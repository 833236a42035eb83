"""The command `trainer`. Exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration."""

import argparse
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence

from trainer.schema import ConfigError

COMMANDS = {
    "run": "train",
    "check": "build everything and try it out, in under a minute",
    "find-lr": "which learning rate: a sweep that leaves everything as it was",
    "tune": "which settings: many short runs, and the best of them",
    "promote": "the best of several finished runs go on to more epochs",
    "config": "print the complete resolved configuration",
    "data": "make, stage or inspect the data",
    "evaluate": "figures of a run's checkpoint",
    "folds": "train once for each fold of the subjects, and what all come to together",
    "export": "a run's best weights with all that is needed to use them, checked",
    "compare": "runs beside each other, and which differences are larger than noise",
    "ensemble": "runs that answer together, and what that gains",
    "attend": "where a run looked in a sample, as a picture",
    "explain": "why a run says what it says of a sample, in words",
    "figures": "draw a run's pictures again",
}

EXAMPLES = """examples:
  trainer config persistence-attention             what a preset would do, in full
  trainer check mine.toml                          find out now what would fail later
  trainer run mine.toml --run-dir runs/first       train
  trainer run runs/first --run-dir runs/first --resume
  trainer evaluate runs/first --split test --json
  trainer compare runs/first runs/second --picture compared.png
  trainer explain runs/first --sample 7
exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    since = time.time()
    arguments = _parser().parse_args(argv)
    arguments.since = since
    command = importlib.import_module(_module(arguments.command))
    try:
        code: int = command.run(arguments)
    except ConfigError as error:
        code = _complain(arguments, error, 2)
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        code = _complain(arguments, error, 1)
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    _flush()
    return code


def _module(command: str) -> str:
    return f"trainer.commands.{command.replace('-', '_')}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainer",
        description="Train headless: everything a run does is written into its run directory.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        importlib.import_module(_module(name)).add(command)
    return parser


def _complain(arguments: argparse.Namespace, error: Exception, code: int) -> int:
    if arguments.debug:
        traceback.print_exc()
    else:
        what = str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
        print(f"trainer: {what}", file=sys.stderr)
    return code


def _flush() -> None:
    """Output that cannot be written (disk full, reader gone) does not change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
