"""`trajconsole status`: hosts and workers as they are now."""

import argparse
import asyncio
import sys
import time
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.engine import Engine
    from console.frame import Paper
    from console.history import Entry

EVERY_S = 1.0


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    parser.add_argument("--once", action="store_true", help="one frame, also on a terminal")
    parser.add_argument("--all", action="store_true", help="every run that this laptop has ever seen, the newest first")


def run(arguments: argparse.Namespace) -> int:
    from console import frame

    if arguments.all:
        return _all(arguments)
    return asyncio.run(_status(arguments, frame.stdout(arguments.ascii), frame.stderr(arguments.ascii)))


async def _status(arguments: argparse.Namespace, out: "Paper", err: "Paper") -> int:
    from console.engine import open_engine

    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, err)
        if arguments.json:
            common.print_json(_document(engine))
            return _code(engine)
        live = sys.stdout.isatty() and not arguments.once
        while True:
            if live:
                out.clear()
            for line in _frame(engine):
                out.line(*line)
            if not live:
                return _code(engine)
            await asyncio.sleep(EVERY_S)


def _document(engine: "Engine") -> dict[str, object]:
    from console.document import status_document

    pump = engine.pump
    config = str(engine.config.path)
    return status_document(pump.fleet, pump.races(), time.time(), config=config, problems=pump.problems)


def _frame(engine: "Engine") -> list[tuple[str, str]]:
    from console.fleet.beats import watching
    from console.fleet.view import host_rows, race_views, worker_rows
    from console.frame import status_lines

    now, pump = time.time(), engine.pump
    hosts, workers = host_rows(pump.fleet, now), worker_rows(pump.fleet, now)
    races, watches = race_views(pump.fleet, pump.races(), now), [name for name, _ in watching(pump.fleet, now)]
    return status_lines(hosts, workers, races, now, str(engine.config.path), watches=watches)


def _code(engine: "Engine") -> int:
    """3 when no host answered: then everything shown is memory."""
    return 0 if any(host.reachable for host in engine.pump.fleet.hosts.values()) else 3


def _all(arguments: argparse.Namespace) -> int:
    from console import frame

    engine = common.engine(arguments)
    entries = engine.pump.history.runs()
    engine.pump.close()
    if arguments.json:
        common.print_json({"schema": 1, "runs": [_entry(entry) for entry in entries]})
        return 0
    out = frame.stdout(arguments.ascii)
    for entry in entries:
        out.line(*frame.history_line(entry))
    return 0


def _entry(entry: "Entry") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(entry)
