"""What several commands share."""

import argparse
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.schema import ConfigError, Problem, nearest

if TYPE_CHECKING:
    from console.config import Config
    from console.engine import Engine
    from console.fleet.cells import WorkerRow
    from console.fleet.model import Fleet, RunKey
    from console.frame import Paper
    from console.hosts import Ask
    from console.recording.recorder import Recorder
    from console.source import Step


def load_config(arguments: argparse.Namespace) -> "Config":
    """The configuration in force."""
    from console import config

    return config.load(config.find(arguments.config, Path.cwd()))


def engine(
    arguments: argparse.Namespace,
    *,
    ask: "Ask | None" = None,
    later: bool = False,
    recorder: "Recorder | None" = None,
) -> "Engine":
    """Everything behind a command. `ask` is asked for passphrases; without it, the terminal is. `later`: what is known
    of runs is read once it has been started."""
    from console.ask import on_terminal
    from console.engine import make_engine

    asked = ask or on_terminal()
    config, state = load_config(arguments), state_of(arguments)
    return make_engine(config, state, readonly=arguments.readonly, ask=asked, later=later, recorder=recorder)


def state_of(arguments: argparse.Namespace) -> Path:
    """The folder of mirror, history and settings."""
    from console.config import state_folder

    return Path(arguments.state).expanduser() if arguments.state else state_folder()


def tell_problems(found: "Engine", err: "Paper") -> None:
    for problem in found.pump.problems:
        err.line(f"trajconsole: {problem}", "warn")


async def print_steps(steps: "AsyncIterator[Step]", paper: "Paper") -> bool:
    """Print an action's steps; True when no worker's verdict is bad."""
    from console.frame import step_line

    good, countdown = True, ""
    async for step in steps:
        mark = f"{step.worker} {step.text}"
        if step.countdown is not None and mark == countdown:
            continue  # the same rung, half a second later
        countdown = mark if step.countdown is not None else ""
        good = good and step.ok is not False
        paper.line(*step_line(step))
    return good


def exit_code(engine: "Engine", good: bool) -> int:
    """Of a command that did something."""
    return 0 if good else 3 if engine.actions.unreached else 1


def known_workers(config: "Config", fleet: "Fleet") -> list[str]:
    """Names that a person may type: configured, or seen on a host."""
    return sorted({*config.workers, *(run.worker for run in fleet.runs.values() if not run.gone)})


def expanded(config: "Config", words: Iterable[str], fleet: "Fleet | None" = None) -> list[str]:
    """Names of workers; a sweep's name stands for its workers, a study's for its trials that have not ended, too."""
    from console.fleet.records import ended

    names: list[str] = []
    for word in words:
        names += config.members(word) if word in config.sweeps else [word]
        for run in fleet.runs.values() if fleet is not None and word not in config.workers else ():
            made = run.lineage
            if made is not None and (made.kind, made.of) == ("study", word) and ended(run) is None and not run.gone:
                names.append(run.worker)
    return list(dict.fromkeys(names))


def newest_keys(config: "Config", fleet: "Fleet", workers: Sequence[str]) -> "dict[str, RunKey | None]":
    """Each worker's newest run; None when it has none. ConfigError for a name that nobody knows."""
    from console.fleet.view import key_of

    require_known(workers, [*known_workers(config, fleet), *config.sweeps])
    return {name: key_of(fleet, name) for name in expanded(config, workers, fleet)}


def require_known(names: Iterable[str], known: Sequence[str], what: str = "worker") -> None:
    """ConfigError that names every unknown one with the nearest known."""
    problems = [
        Problem("trajconsole", None, "", f"unknown {what} {name!r}", nearest(name, known))
        for name in names
        if name not in known
    ]
    if problems:
        raise ConfigError(problems)


def row_of(engine: "Engine", key: "RunKey") -> "WorkerRow":
    """The row of a run, now."""
    from console.fleet.view import run_row

    return run_row(engine.pump.fleet, engine.pump.fleet.runs[key], time.time())


def print_json(value: "Mapping[str, Any]") -> None:
    """One JSON document on stdout; numbers that are none become text."""
    from trainer.record.jsonl import jsonable

    print(json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False))
