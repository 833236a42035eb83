"""`trajconsole logs`: a worker's log, from this laptop's copy of it."""

import argparse
import asyncio
import re
from typing import TYPE_CHECKING

from console.commands import common
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from console.engine import Engine
    from console.fleet.model import Log, RunKey
    from console.frame import Paper

LAST_WORDS_S = 0.5  # the end of a run may be known before the end of its log


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("worker", metavar="WORKER", help="name of a worker; its newest run")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with new lines until the run ends")
    parser.add_argument("-n", "--lines", type=int, default=100, metavar="N", help="last N lines (100); 0: all")
    parser.add_argument("--grep", metavar="RE", help="only lines in which this is found")


def run(arguments: argparse.Namespace) -> int:
    from console import frame

    try:
        wanted = re.compile(arguments.grep or "")
    except re.error as error:
        raise ConfigError([Problem("--grep", None, arguments.grep, f"not a regular expression: {error}")]) from None
    return asyncio.run(_logs(arguments, wanted, frame.stdout(arguments.ascii)))


async def _logs(arguments: argparse.Namespace, wanted: "re.Pattern[str]", out: "Paper") -> int:
    from console.engine import open_engine

    async with open_engine(common.engine(arguments)) as engine:
        key = common.newest_keys(engine.config, engine.pump.fleet, [arguments.worker])[arguments.worker]
        if key is None:
            what = f"{arguments.worker} was never started"
            raise ConfigError([Problem("trajconsole", None, "", what, f"trajconsole start {arguments.worker}")])
        changed = asyncio.Event()
        forget = engine.pump.listen(changed.set)
        log = engine.pump.fleet.runs[key].log
        found = [line for line in _all_lines(engine, key, log) if wanted.search(line)]
        for line in found[-arguments.lines :] if arguments.lines > 0 else found:
            out.line(line)
        while arguments.follow:
            ended = not common.row_of(engine, key).state.live
            if ended:
                await asyncio.sleep(LAST_WORDS_S)
            fresh = engine.pump.fleet.runs[key].log
            for line in _new_lines(log, fresh):
                if wanted.search(line):
                    out.line(line)
            log = fresh
            if ended:
                break
            changed.clear()
            await changed.wait()
        forget()
    return 0


def _all_lines(engine: "Engine", key: "RunKey", log: "Log") -> list[str]:
    """The whole log as far as `log` goes: from the mirror when the fleet holds only its end."""
    from console.fleet.fold import log_lines

    if log.first == 0:
        return list(log.lines)
    data = engine.pump.mirrored_log(key)[: log.end]
    return log_lines(data) if len(data) == log.end else list(log.lines)


def _new_lines(before: "Log", now: "Log") -> list[str]:
    if now.end < before.end:  # the file was replaced: everything is new
        return list(now.lines)
    seen = before.first + len(before.lines)
    return now.lines[max(0, seen - now.first) :]
