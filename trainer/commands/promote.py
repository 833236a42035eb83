"""`trainer promote`: the best of several finished runs go on, from their last checkpoint, to more epochs."""

import argparse
import math
from pathlib import Path

from trainer.launching import train
from trainer.record import RunLocked, RunReader, RunWriter
from trainer.record.ranking import Choice, Entrant, Promoted, choose
from trainer.say import say
from trainer.schema import ConfigError, Problem


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", type=Path, help="folders of runs")
    parser.add_argument("--best", type=int, default=2, metavar="N", help="how many of them go on (default 2)")
    parser.add_argument("--by", default="", metavar="METRIC", help="what decides; else the metric that they all name")
    parser.add_argument("--epochs", type=int, default=50, metavar="N", help="to how many epochs (default 50)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


def run(arguments: argparse.Namespace) -> int:
    choice = _choice(arguments)
    for name, why in choice.others:
        say(f"left: {name}: {why}")
    for item in choice.promoted:
        say(f"{'would promote' if arguments.dry_run else 'promoted'}: {item.name}: {item.text}")
    if arguments.dry_run or not choice.promoted:
        return 0 if choice.promoted else 1
    codes = []
    for number, item in enumerate(choice.promoted, 1):
        codes.append(_go_on(item, choice, number, arguments))
        status = RunReader(Path(item.name)).status()
        if status is not None and status.state == "stopped":
            for left in choice.promoted[number:]:
                say(f"not begun, because {item.name} was stopped: {left.name}")
            break
    return max(codes)


def _choice(arguments: argparse.Namespace) -> Choice:
    readers = {str(path): RunReader(path) for path in arguments.runs}
    problems = [
        Problem(name, None, "", "is not a run's folder") for name, reader in readers.items() if not reader.config()
    ]
    problems += [
        Problem(f"--{name}", None, "", f"{getattr(arguments, name)} is too small", "at least 1")
        for name in ("best", "epochs")
        if getattr(arguments, name) < 1
    ]
    if problems:
        raise ConfigError(problems)
    entrants = [Entrant(name, reader.status(), reader.config()) for name, reader in readers.items()]
    try:
        return choose(entrants, best=arguments.best, epochs=arguments.epochs, metric=arguments.by)
    except ValueError as error:
        raise ConfigError([Problem("--by", None, "", str(error))]) from None


def _go_on(item: Promoted, choice: Choice, place: int, arguments: argparse.Namespace) -> int:
    """Resume one of them, with a line in its events that says why."""
    folder = Path(item.name)
    rivals = [Path(name).resolve().name for name, _ in choice.others]
    rivals += [Path(other.name).resolve().name for other in choice.promoted if other is not item]
    why = {"metric": choice.metric, "value": item.value if math.isfinite(item.value) else None, "place": place}
    try:
        with RunWriter(folder) as writer:
            writer.event("promoted", **why, epochs=arguments.epochs, among=sorted(rivals))
        return train(item.name, item.overrides, folder, resume=True, since=arguments.since)
    except RunLocked as error:
        say(f"left: {item.name}: {error}")
        return 1
