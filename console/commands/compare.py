"""`trajconsole compare`: newest runs beside each other, whatever hosts they ran on."""

import argparse
import asyncio
import shutil
import sys
import time
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.compare import Asked
    from console.engine import Engine
    from console.fleet.model import Run
    from trainer.outcomes.table import Table


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "workers",
        metavar="WORKER",
        nargs="*",
        help="workers, or a race or sweep for all of its; without any: all with figures",
    )
    parser.add_argument("--full", action="store_true", help="ask each host's trainer, which looks at every test sample")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the tables as Markdown, too")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_compare(arguments))


async def _compare(arguments: argparse.Namespace) -> int:
    from console import compare
    from console.engine import open_engine
    from console.frame import stderr
    from trainer.outcomes import standing
    from trainer.schema import ConfigError, Problem

    err = stderr(arguments.ascii)
    if arguments.full and arguments.readonly:
        raise ConfigError([Problem("trajconsole", None, "--full", "starts work on the hosts", "not with --readonly")])
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, err)
        names = compare.workers_of(engine.config, arguments.workers)
        common.require_known(
            names,
            [*common.known_workers(engine.config, engine.pump.fleet), *engine.config.races, *engine.config.sweeps],
        )
        fleet = engine.pump.fleet
        runs, missing = compare.chosen(fleet, names)
        for host in {run.key.host for run in runs}:
            if host in fleet.hosts and not fleet.hosts[host].reachable:
                err.line(f"{host} is not reached: what is shown of it is what was known last", "warn")
        for name in missing:
            err.line(f"{name}: no run yet — trajconsole start {name}", "warn")
        if not runs:
            err.line("nothing to compare: no run has been validated yet", "warn")
            return 1
        asked = await _ask(engine, runs) if arguments.full else []
        found = compare.outcomes(fleet, runs, time.time())
    made = [*compare.tables(found), *(table for item in asked for table in item.tables)]
    told = [*standing.seeds(found), *_told(asked)]
    if arguments.markdown:
        _write(arguments.markdown, made, told)
    if arguments.json:
        common.print_json(compare.document(found, asked, missing))
    else:
        _show(arguments, made, told)
    return 1 if missing or any(item.problem for item in asked) else 0


async def _ask(engine: "Engine", runs: "list[Run]") -> "list[Asked]":
    from console import compare
    from console.parallel import in_thread

    print("the hosts' trainers look at every sample: this may take minutes", file=sys.stderr)
    return [item async for item in in_thread(partial(compare.ask, engine.hosts, engine.actions.shipping, runs))]


def _told(asked: "list[Asked]") -> list[str]:
    lines = [f"{item.host}: {item.problem}" for item in asked if item.problem]
    return lines + [f"{item.host}: {line}" for item in asked for line in item.sentences]


def _show(arguments: argparse.Namespace, made: "list[Table]", told: list[str]) -> None:
    from console.frame import stdout
    from trainer.outcomes.table import text

    out = stdout(arguments.ascii)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
    for table in made:
        for line in [*text(table, width), ""]:
            out.line(line)
    for sentence in told:
        for line in wrap(sentence, width, subsequent_indent="  "):
            out.line(line)


def _write(path: Path, made: "list[Table]", told: list[str]) -> None:
    from trainer.outcomes.table import markdown
    from trainer.record import atomic

    lines = [line for table in made for line in [*markdown(table), ""]] + [f"- {line}" for line in told]
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, ("\n".join(lines) + "\n").encode())
