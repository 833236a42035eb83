"""Arguments that several commands share."""

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from trainer.config import load, presets, resolve
from trainer.record import atomic
from trainer.say import say
from trainer.schema import ConfigError, Problem
from trainer.tasks import REGISTRY

if TYPE_CHECKING:
    from trainer.compare.gather import Wanted
    from trainer.tasks import Report

EXAMPLE_SET = "change a value of the configuration, as in --set run.epochs=3; may be given more than once"


def add_config(parser: argparse.ArgumentParser) -> None:
    """CONFIG and --set."""
    names = ", ".join(presets()) or "none"
    parser.add_argument("config", metavar="CONFIG", help=f"a TOML file, a run's folder, or a preset ({names})")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides", help=EXAMPLE_SET)


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def add_predicting(parser: argparse.ArgumentParser) -> None:
    """Which predictions of a run are meant."""
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--checkpoint", default="best", help="best (default), last, or a file in checkpoints/")
    parser.add_argument("--device", default="", help="instead of the one in the run's configuration")
    parser.add_argument("--again", action="store_true", help="predict anew what is stored in predictions/")


def wanted_of(arguments: argparse.Namespace) -> "Wanted":
    """The arguments of `add_predicting`."""
    from trainer.compare.gather import Wanted

    return Wanted(arguments.split, arguments.checkpoint, arguments.device, arguments.again)


def add_sample(parser: argparse.ArgumentParser) -> None:
    """RUN and which of its samples."""
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("--sample", type=int, required=True, metavar="N", help="number in the split, from 0")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--checkpoint", default="best", help="best (default), last, or a file in checkpoints/")
    parser.add_argument("--device", default="", help="instead of the one in the run's configuration")


def asked_of(run: Path, what: str) -> Callable[..., Any]:
    """What the run's task offers under this name of its entry. ConfigError when it offers nothing."""
    from trainer.compare.gather import require_runs

    (folder,) = require_runs([run])
    config = load(str(folder))
    place = getattr(REGISTRY[config.task], what)
    if not place:
        known = ", ".join(name for name, entry in REGISTRY.items() if getattr(entry, what)) or "no task"
        raise ConfigError([Problem(str(run), None, "", f"the task {config.task} cannot {what}", f"these can: {known}")])
    found: Callable[..., Any] = resolve(place)
    return found


def progress() -> "Report":
    """Work that takes longer than a second says on stderr how far it is."""
    spoken = time.monotonic()

    def report(what: str, done: float, total: float | None) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= 1.0:
            spoken = time.monotonic()
            print(f"{what}: {done:,.0f}" + (f" of {total:,.0f}" if total else ""), file=sys.stderr, flush=True)

    return report


def columns() -> int:
    """How wide what is told may be."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 100


def say_wrapped(lines: Sequence[str], width: int) -> None:
    """Sentences, each on lines of its own that are no longer than the width."""
    for line in lines:
        say("\n".join(wrap(line, width, subsequent_indent="  ")))


def write_text(path: Path, text: str) -> None:
    """A file that somebody asked for, there whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, text.encode())
