"""`trainer run`: train."""

import argparse
import time
from pathlib import Path

from trainer import launching, session
from trainer.commands.common import add_config
from trainer.config import load
from trainer.record import RunLocked
from trainer.schema import ConfigError, Problem
from trainer.trying import trial


def add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--run-dir", type=Path, metavar="DIR", help="the run's folder; else runs/<name>-<time>")
    parser.add_argument(
        "--trial",
        action="store_true",
        help="2 epochs on a few samples with everything on: stop, resume, checkpoint, evaluate; then the long run",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in the run's folder")


def run(arguments: argparse.Namespace) -> int:
    folder: Path | None = arguments.run_dir
    try:
        config = load(arguments.config, arguments.overrides)
    except ConfigError as error:
        if folder is not None:
            session.record_refusal(folder, error)
        raise
    if arguments.trial and arguments.resume:
        raise ConfigError([Problem("--trial", None, "", "resumes by itself", "leave --resume out")])
    if folder is None:
        if arguments.resume:
            raise ConfigError([Problem("--resume", None, "", "which run?", "name its folder with --run-dir")])
        if not launching.alone():
            raise ConfigError([Problem("--run-dir", None, "", "missing", "several processes need one name for it")])
        folder = (
            Path("runs") / f"{'trial-' if arguments.trial else ''}{config.run.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        )
        print(f"run directory: {folder}", flush=True)
    try:
        if arguments.trial:
            return trial(arguments.config, arguments.overrides, folder, since=arguments.since)
        return launching.train(
            arguments.config, arguments.overrides, folder, resume=arguments.resume, since=arguments.since
        )
    except RunLocked as error:
        raise ConfigError([Problem(str(folder), None, "", str(error))]) from None
